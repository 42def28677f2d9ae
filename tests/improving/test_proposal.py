"""Scores and words of proposals."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.proposal import Effort, Worth, propose
from orcaops.model.prices import Prices
from orcaops.model.recommendation import Priority, Recommendation, SavingUnit
from orcaops.stats.interval import Estimate
from orcaops.testing.advisors import a_dossier, a_run

DOSSIER = a_dossier([a_run(n) for n in range(48)])


def proposed(
    per_run: Estimate,
    *,
    unit: SavingUnit = "seconds",
    effort: Effort = "easy",
    least: Priority = Priority.LOW,
    prices: Prices | None = None,
) -> Recommendation:
    return propose(
        dataclasses.replace(DOSSIER, prices=prices),
        advisor="made_up",
        field="memory",
        kind="cost",
        title="Do it",
        description="It helps.",
        action="--do-it",
        worth=Worth(unit=unit, per_run=per_run, effort=effort),
        evidence={},
        least=least,
    )


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(["easy", "moderate", "hard"]))
def test_a_score_is_its_three_parts_and_counts_what_is_sure(
    one: float, two: float, three: float, effort: Effort
) -> None:
    low, middle, high = sorted((one, two, three))
    found = proposed(Estimate(middle, low, high), effort=effort)
    assert found.score == found.impact_score * found.frequency * found.ease_score
    assert found.impact_score <= low / 60
    assert found.saving is not None
    assert found.saving.per_day_low <= found.saving.per_day <= found.saving.per_day_high


def test_the_rate_is_over_a_day_at_least() -> None:
    assert round(DOSSIER.runs_per_day(), 1) == 24.5
    assert a_dossier([a_run(n, every=DOSSIER.at - DOSSIER.at) for n in range(9)]).runs_per_day() == 9


def test_priorities_follow_from_scores_and_may_be_raised() -> None:
    assert proposed(Estimate(600, 600, 600)).priority is Priority.HIGH
    assert proposed(Estimate(30, 30, 30)).priority is Priority.MEDIUM
    assert proposed(Estimate(1, 1, 1)).priority is Priority.LOW
    assert proposed(Estimate(1, 1, 1), least=Priority.HIGH).priority is Priority.HIGH


def test_impact_is_in_the_users_terms() -> None:
    prices = Prices(currency="EUR", per_cpu_second=0.001, per_gb_second=0.0001)
    assert proposed(Estimate(60, 50, 70)).impact.startswith("Saves 24 min 31 s a day (20 min 26 s to 28 min")
    assert "about 44.71 EUR a month (37.26 to 52.16)" in proposed(Estimate(60, 50, 70), prices=prices).impact
    assert "GiB h a day" in proposed(Estimate(1, 1, 1), unit="gib_hours", prices=prices).impact
    assert "EUR" not in proposed(Estimate(1, 1, 1), unit="exposures", prices=prices).impact
    little = proposed(Estimate(1e-6, 1e-7, 3e-6), unit="gib_hours").impact
    assert little == "Saves practically nothing a day."
