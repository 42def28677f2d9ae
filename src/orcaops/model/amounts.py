"""Amounts of what a change saves, as people say them: in the unit that fits, or as practically nothing.

>>> show_amount("gib_hours", 2.37e-05), show_amount("gib_hours", 0.02), show_amount("cpu_hours", 0.004)
('practically nothing', '20 MiB h', '14 CPU s')
>>> show_between("gib_hours", 2.0, 1.6, 2.41), show_between("failures", 0.02, 0.01, 0.03, of="jobs")
('2 GiB h, 1.6 to 2.4', '0.02 failed jobs, 0.01 to 0.03')
"""

from collections.abc import Sequence

from orcaops.model.optimization import Benefit
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import SavingUnit

NOTHING = "practically nothing"

_SCALES: dict[SavingUnit, Sequence[tuple[float, str]]] = {
    "gib_hours": ((1.0, "GiB h"), (1 / 1024, "MiB h")),
    "cpu_hours": ((1.0, "CPU h"), (1 / 60, "CPU min"), (1 / 3600, "CPU s")),
    "failures": ((1.0, "failed"),),
    "exposures": ((1.0, ""),),
}
"""What an amount can be counted in, the largest first; a time has its own units."""

_FROM = 0.5  # of a unit it is used, where there is a smaller one
_LEAST: dict[SavingUnit, float] = {
    "seconds": 0.0005,
    "gib_hours": 0.1 / 1024,
    "cpu_hours": 0.1 / 3600,
    "failures": 0.001,
    "exposures": 0.01,
}
"""Less than this is practically nothing."""

_BENEFITS: dict[str, tuple[SavingUnit, str, str]] = {
    "GiB hours": ("gib_hours", "", ""),
    "CPU hours": ("cpu_hours", "", ""),
    "seconds of hung runs": ("seconds", "", " of hung runs"),
    "failed jobs": ("failures", "jobs", ""),
    "seconds of pulling": ("seconds", "", " of pulling"),
}
"""How the unit of a benefit is counted: as which saving, of what, and what stands after it."""


def is_nothing(unit: SavingUnit, *amounts: float) -> bool:
    """Whether none of the amounts is worth a word."""
    return all(abs(each) < _LEAST[unit] for each in amounts)


def show_amount(unit: SavingUnit, amount: float, *, of: str = "runs") -> str:
    """One amount; ``of`` says in the plural what fails or is concerned."""
    return NOTHING if is_nothing(unit, amount) else _written(unit, [amount], of)[0]


def show_between(unit: SavingUnit, amount: float, low: float, high: float, *, of: str = "runs") -> str:
    """An amount and the ends of its interval, all in one unit; the amount alone where they are alike."""
    if is_nothing(unit, amount, low, high):
        return NOTHING
    middle, *ends = _written(unit, [amount, low, high], of)
    told = ends if unit == "seconds" else [each.split(" ")[0] for each in ends]
    return middle if told[0] == told[1] else f"{middle}, {told[0]} to {told[1]}"


def show_benefit(benefit: Benefit) -> str:
    """What a change brings to a run, with the interval that holds it in 80 % of cases.

    >>> show_benefit(Benefit(amount=2e-05, low=1e-05, high=3e-05, unit="GiB hours", runs=15))
    'practically nothing per run'
    >>> show_benefit(Benefit(amount=0.5, low=0.25, high=0.75, unit="seconds of pulling", runs=15))
    '500 ms of pulling per run, 250 ms to 750 ms in 80% of cases'
    """
    unit, of, told = _BENEFITS[benefit.unit]
    amount, *between = show_between(unit, benefit.amount, benefit.low, benefit.high, of=of).split(", ")
    sure = f", {between[0]} in 80% of cases" if between else ""
    return f"{amount}{told if amount != NOTHING else ''} per run{sure}"


def show_number(value: float) -> str:
    """A number without a unit: three digits that matter, and never a power of ten.

    >>> show_number(1234.6), show_number(0.333333), show_number(2.4e-05), show_number(0)
    ('1235', '0.333', '< 0.001', '0')
    """
    if value and abs(value) < 0.001:
        return "< 0.001" if value > 0 else "> -0.001"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _written(unit: SavingUnit, amounts: Sequence[float], of: str) -> list[str]:
    if unit == "seconds":
        return [show_duration(each) for each in amounts]
    largest = max(map(abs, amounts))
    scales = _SCALES[unit]
    size, name = next((scale for scale in scales if largest >= _FROM * scale[0]), scales[-1])
    counted = name if unit in ("gib_hours", "cpu_hours") else f"{name} {of}".strip()
    return [_counted(each / size, counted) for each in amounts]


def _counted(amount: float, name: str) -> str:
    digits = f"{amount:.0f}" if abs(amount) >= 9.95 else f"{amount:.2g}" if abs(amount) >= 0.001 else "0"
    return f"{digits} {name.removesuffix('s') if digits == '1' and name.endswith('s') else name}"
