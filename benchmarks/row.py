"""One measured figure beside its rival's."""

import math
from dataclasses import dataclass


class NotMeasured(Exception):  # noqa: N818 - it is an answer, not a fault
    """Something outside is missing (data, an engine, a command); the message says what and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was measured (``row``, ``figure`` with unit) of us and of the rival, on ``n`` cases of ``set``.

    ``bar`` is what is to be reached. Written as ``≤ 1.1`` or ``≥ 1.0`` it speaks of the ratio, as
    ``reach ≤ 1.1``, ``reach 0.87–0.93`` or ``value ≥ .9`` of the value; what is said after a comma, and any
    other text, is only shown.
    """

    row: str
    figure: str
    value: float
    rival: str
    rival_value: float
    n: int
    set: str
    bar: str | None = None
    interval: tuple[float, float] | None = None
    """Where the value lies with 95 %, had other jobs been drawn; of the ratio, where the bar speaks of it."""

    @property
    def ratio(self) -> float:
        """``value / rival_value``; NaN where the rival's figure is zero."""
        return self.value / self.rival_value if self.rival_value else math.nan

    @property
    def reached(self) -> bool | None:
        """Whether the ratio reaches the bar; None where there is no bar that can be judged.

        A miss inside the interval over jobs passes: with other jobs it might have been reached.

        >>> Row(row="r", figure="s", value=3, rival="pass", rival_value=1, n=9, set="-", bar="≤ 2").reached
        False
        >>> Row(row="r", figure="s", value=3, rival="-", rival_value=0, n=9, set="-", bar="reach 2–4").reached
        True
        """
        words = (self.bar or "").partition(",")[0].split()
        measured = self.ratio
        if words and words[0] in ("reach", "value"):
            words, measured = words[1:], self.value
        low, high = self.interval or (measured, measured)
        low, high = min(low, measured), max(high, measured)
        try:
            relation, limits = words if len(words) == 2 else ("–", *words)
            least, most = {"≤": "-inf–{}", "≥": "{}–inf", "–": "{}"}[relation].format(limits).split("–")
            return high >= float(least) and low <= float(most)
        except (ValueError, KeyError):
            return None
