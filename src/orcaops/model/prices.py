"""Prices: what computing costs, as a price file says it."""

import math
import tomllib
from typing import Annotated

from pydantic import Field, ValidationError

from orcaops.model.errors import invalid
from orcaops.model.word import Word

BYTES_PER_GB = 2**30
"""A GB of a price list: 1 GiB, as the large providers bill it."""

EXAMPLE = """\
currency = "EUR"
per_cpu_second = 0.0000125
per_gb_second = 0.0000014
per_run = 0.0
rounding = 0.0001      # what a run costs is rounded up to a multiple of this
budget_per_month = 500.0
"""

Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Prices(Word):
    """What a second of a CPU, a second of a GB of memory and a run cost, in one currency.

    What a run costs is rounded up to a multiple of ``rounding``; 0 does not round. Without
    ``budget_per_month`` nothing is said of when the money is spent.
    """

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    per_cpu_second: Amount = 0.0
    per_gb_second: Amount = 0.0
    per_run: Amount = 0.0
    rounding: Amount = 0.0
    budget_per_month: Amount | None = None

    def cost(self, cpu_seconds: float, gb_seconds: float) -> float:
        """What one run costs.

        >>> Prices(currency="EUR", per_cpu_second=0.01, per_run=0.1, rounding=0.05).cost(2, 0)
        0.15
        """
        exact = self.per_run + self.per_cpu_second * cpu_seconds + self.per_gb_second * gb_seconds
        if self.rounding <= 0 or not math.isfinite(exact / self.rounding):
            return exact
        # What is a multiple already but for the last binary digit must not be rounded up once more.
        return round(math.ceil(exact / self.rounding - 1e-9) * self.rounding, 12)


def prices_of(text: str, *, where: str) -> Prices:
    """The prices that a price file says, in TOML. Raises ``invalid`` naming file, place, remedy."""
    hint = "A price file has: currency (three capitals), " + ", ".join(
        name for name in Prices.model_fields if name != "currency"
    )
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise invalid(f"the price file is not TOML: {error}", where=where, hint=f"{hint}.") from None
    unknown = [name for name in document if name not in Prices.model_fields]
    if unknown:
        raise invalid(f"the price file has an unknown name {unknown[0]!r}", where=where, hint=f"{hint}.")
    try:
        prices = Prices.model_validate(document, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = "it is missing" if first["type"] == "missing" else first["msg"]
        raise invalid(f"the price file's {name}: {message}", where=where, hint=f"{hint}.") from None
    if not (prices.per_cpu_second or prices.per_gb_second or prices.per_run):
        raise invalid(
            "the price file prices nothing", where=where, hint="Set per_cpu_second, per_gb_second or per_run."
        )
    return prices
