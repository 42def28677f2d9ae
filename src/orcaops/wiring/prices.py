"""The price file: what a run costs, where somebody has said so."""

from orcaops.config import Settings
from orcaops.model.errors import invalid
from orcaops.model.prices import Prices, prices_of


def prices_in_force(settings: Settings) -> Prices | None:
    """What the price file says; None where there is none. Raises ``invalid`` where it is wrong."""
    path = (settings.forecast.prices or settings.home / "prices.toml").expanduser()
    try:
        return prices_of(path.read_text("utf-8"), where=str(path))
    except FileNotFoundError:
        if settings.forecast.prices is None:
            return None
        raise invalid(
            "there is no such price file", where=str(path), hint="Mend forecast.prices, or write the file."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise invalid(
            f"the price file cannot be read: {error}", where=str(path), hint="Mend the file or move it away."
        ) from None
