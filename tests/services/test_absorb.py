"""Absorbing: replaying gives the opinions that learning live gave, byte for byte."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orcaops.app import App
from orcaops.model.run import Cause, Run, Status, Usage
from orcaops.recording.store import Store

_START = datetime(2026, 1, 1, tzinfo=UTC)


def past_run(
    number: int, name: str, seconds: float, *, failed: bool = False, memory: int | None = None
) -> Run:
    begun = _START + timedelta(minutes=number)
    return Run(
        job_id=f"job-{number}",
        key=f"name:{name}",
        name=name,
        command="make",
        status=Status.FAILED if failed else Status.SUCCEEDED,
        cause=Cause.COMMAND_FAILED if failed else Cause.SUCCESS,
        exit_code=1 if failed else 0,
        submitted_at=begun,
        started_at=begun,
        finished_at=begun + timedelta(seconds=seconds),
        duration_s=seconds,
        usage=Usage(memory_peak_bytes=memory),
    )


def opinions(store: Store) -> list[bytes]:
    """Everything that was derived, as it is stored."""
    with store.read() as transaction:
        return [
            str(transaction.watermark()).encode(),
            *(repr(key).encode() + memory for key, memory in transaction.memories.each()),
            *(baseline.model_dump_json().encode() for baseline in transaction.baselines.each()),
            *(anomaly.model_dump_json().encode() for anomaly in transaction.anomalies.each()),
        ]


histories = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.floats(0.001, 10_000),
        st.booleans(),
        st.none() | st.integers(1, 2**35),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories, cuts=st.lists(st.integers(1, 20), max_size=8), reset=st.booleans())
def test_relearning_gives_what_learning_live_gave(
    open_app: Callable[..., App],
    tmp_path: Path,
    history: list[tuple[str, float, bool, int | None]],
    cuts: list[int],
    reset: bool,
) -> None:
    app = open_app(tmp_path / f"home-{len(list(tmp_path.iterdir()))}")
    runs = [past_run(n, name, s, failed=failed, memory=m) for n, (name, s, failed, m) in enumerate(history)]
    place = 0
    for size in [*cuts, len(runs)]:
        with app.store.write() as transaction:
            transaction.runs.add_new(runs[place : place + size])
        app.absorber.absorb_all()
        place += size
        if reset and place < len(runs):
            key = runs[0].key
            with app.store.read() as transaction:
                known = any(baseline.key == key for baseline in transaction.baselines.each())
            if known:
                app.insights.reset_baseline("default", key, by="somebody")
    live = opinions(app.store)
    app.upkeep.relearn()
    assert opinions(app.store) == live


def test_facts_are_kept_when_a_learner_fails(open_app: Callable[..., App], tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "broken.py").write_text(
        "class Broken:\n"
        "    name, version, metrics, levels = 'broken', 1, ('duration',), ('key',)\n"
        "    def fresh(self): return {}\n"
        "    def learn(self, memories, sample): raise RuntimeError('no')\n"
        "    def judge(self, memories, sample): return ()\n"
        "detector = Broken()\n"
    )
    app = open_app(plugins__dirs=[str(plugins)])
    with app.store.write() as transaction:
        transaction.runs.add_new([past_run(n, "a", 1.0) for n in range(3)])
    assert app.absorber.absorb_all() == 3
    assert app.insights.baseline("default", "name:a").sample_count == 3
    assert "learner broken" in app.upkeep.health()


def test_two_houses_absorb_every_run_once(open_app: Callable[..., App]) -> None:
    one, other = open_app(), open_app()
    for number in range(20):
        with one.store.write() as transaction:
            transaction.runs.add_new([past_run(number, "a", 1.0 + number)])
        (one if number % 3 else other).absorber.absorb_all()
    assert one.insights.baseline("default", "name:a").sample_count == 20
    live = opinions(one.store)
    other.upkeep.relearn()
    assert opinions(one.store) == live
