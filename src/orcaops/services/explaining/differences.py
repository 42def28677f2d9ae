"""Differences: what is known to have changed from one run to another."""

from orcaops.model.debug import Change
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Run
from orcaops.services.explaining.wording import short


def changes_between(before: Run, after: Run) -> tuple[Change, ...]:
    """What is known to differ between two runs; of the environment only names are known and told."""
    return tuple(
        Change(what=name, before=one and short(one, 120), after=other and short(other, 120))
        for (name, one), (_, other) in zip(_circumstances(before), _circumstances(after), strict=True)
        if one != other
    )


def _circumstances(run: Run) -> list[tuple[str, str | None]]:
    limits = run.effective
    return [
        ("commit", run.context.commit),
        ("branch", run.context.branch),
        ("image", run.image),
        ("image digest", run.image_digest),
        ("command", run.command or None),
        ("environment names", ", ".join(run.context.env_names) or None),
        ("memory limit", show_size(limits.memory) if limits and limits.memory else None),
        ("CPUs", f"{limits.cpus:g}" if limits and limits.cpus else None),
        ("timeout", show_duration(limits.timeout) if limits and limits.timeout else None),
        ("network", str(limits.network) if limits and limits.network else None),
        ("executor", run.executor),
        ("host", run.context.host),
        ("kind of host", run.context.host_class),
    ]
