"""Summary: a run told in a few lines."""

from orcaops.model.identity import Id
from orcaops.model.prediction import Forecasts
from orcaops.model.run import Status
from orcaops.model.word import Word


class Summary(Word):
    """A run for somebody in a hurry: one line, then only what matters.

    ``key_events`` are in the order of time, ``errors`` verbatim from the log, ``unusual`` the titles
    of anomalies, ``next_steps`` commands to type.
    """

    job_id: Id
    status: Status
    line: str
    key_events: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    unusual: tuple[str, ...] = ()
    predicted: Forecasts | None = None
    next_steps: tuple[str, ...] = ()
