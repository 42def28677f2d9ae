"""Override: one field of a job laid over at submission; taking it away is the rollback."""

from enum import StrEnum

from pydantic import NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.word import Word


class OptimizedField(StrEnum):
    """The fields of a job that OrcaOps may optimise."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    CPUS = "cpus"
    PULL_POLICY = "pull_policy"
    RETRIES = "retries"


Value = int | float | str | None
"""A value of such a field in its own unit: seconds, bytes, CPUs, a word, a number; null: none is set."""


def show_value(field: OptimizedField, value: Value) -> str:
    """A value of a field for people.

    >>> show_value(OptimizedField.MEMORY, 1048576), show_value(OptimizedField.TIMEOUT, None)
    ('1.0 MiB', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, int | float):
        if field is OptimizedField.MEMORY:
            return show_size(value)
        if field is OptimizedField.TIMEOUT:
            return show_duration(value)
        if field is OptimizedField.CPUS:
            return f"{value:g} CPUs"
    return str(value)


class Override(Word):
    """What an optimization changed about one run.

    ``own`` is what the job asked for itself (a policy's or a setting's default counted in), ``before``
    what would be in force without this change, ``after`` what was in force. ``flaky`` says of
    ``retries`` that failures of the command itself are tried again too; ``busy`` says of ``timeout`` that
    healthy runs of the job keep a processor busy, so that one which does nothing hangs.
    """

    optimization_id: Id
    field: OptimizedField
    own: Value = None
    before: Value = None
    after: Value = None
    flaky: bool = False
    busy: bool = False

    @property
    def lowers(self) -> bool:
        """Whether it sets a tighter limit than the job had."""
        if self.field in (OptimizedField.PULL_POLICY, OptimizedField.RETRIES):
            return False
        if self.own is None:
            return self.after is not None
        return isinstance(self.after, int | float) and self.after < float(self.own)


class Arm(StrEnum):
    """Which side of a comparison a run is on."""

    CONTROL = "control"
    CANDIDATE = "candidate"


class Assignment(Word):
    """The trial that a run took part in, and on which side: assigned when the run was submitted.

    ``round`` counts how often the optimization was tried; ``stage`` is its state at that moment.
    """

    optimization_id: Id
    round: NonNegativeInt = 1
    stage: str
    arm: Arm
