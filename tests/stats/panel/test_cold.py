"""What stands in for a series without values."""

from orcaops.stats.panel import cold


def test_relatives_answer_as_of_a_moment() -> None:
    level = cold.fresh()
    assert cold.estimate(level) is None
    cold.learn(level, 1.0, at=10.0)
    cold.learn(level, 3.0, at=20.0)
    assert cold.estimate(level, 5.0) is None
    assert cold.estimate(level, 15.0) == 1.0
    assert cold.estimate(level) == 2.0
