"""Installing and downloading that every run does again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import ids
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.installing import Installer, installer_named, installer_of, only_installer_of
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import mean_of_next


class _Fetched(NamedTuple):
    run: Run
    seconds: float
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """Recognises installers (pip, npm, apt … ``model/installers.toml``) in steps and in what they print.

    A step that installs has its own time; inside a longer command the time stamps of the tool's own lines
    give it. Advises a base image or a cache where at least ``share`` of the successes install for at least
    ``least_s`` seconds. A cache saves between half and nearly all of that time; ``kept`` is promised.
    Silent before ``needed`` runs.

    >>> Caching().kept
    0.8
    """

    name: str = "caching"
    needed: int = 10
    share: float = 0.5
    least_s: float = 2.0
    kept: float = 0.8

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs that take a while and whose command or output speaks of an installer."""
        long_enough = (baseline.duration_p50 or 0.0) >= self.least_s
        return long_enough and bool(latest.installations or installer_of(latest.command))

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """One recommendation for each tool."""
        if len(dossier.successes) < self.needed:
            return ()
        by_tool: dict[str, list[_Fetched]] = {}
        for run in dossier.successes:
            for tool, (seconds, size) in _installed(run).items():
                by_tool.setdefault(tool, []).append(_Fetched(run, seconds, size))
        return [
            self._proposed(dossier, tool, found)
            for tool, found in by_tool.items()
            if len(found) >= self.share * len(dossier.successes)
            and sum(each.seconds for each in found) / len(found) >= self.least_s
        ]

    def _proposed(self, dossier: Dossier, tool: str, found: Sequence[_Fetched]) -> Recommendation:
        installer = installer_named(tool)
        runs = len(dossier.successes)
        seconds = [each.seconds for each in found] + [0.0] * (runs - len(found))
        each_run = mean_of_next(seconds, ahead=AHEAD)
        mean = sum(each.seconds for each in found) / len(found)
        sizes = [each.size for each in found if each.size is not None]
        size = sum(sizes) / len(sizes) if sizes else None
        downloaded = f" and downloads {show_size(size)}" if size else ""
        per_day = f"; {show_size(size * dossier.runs_per_day())} a day" if size else ""
        return propose(
            dossier,
            advisor=self.name,
            field=tool,
            kind="performance",
            title=f"Add dependency caching for {tool}",
            description=f"{tool} runs in {100 * len(found) / runs:.0f}% of runs, takes "
            f"{show_duration(mean)} each time{downloaded}{per_day}.",
            impact="A cache saves most of it, a base image with everything installed nearly all.",
            action=_what_to_do(installer, found[0].run) if installer is not None else "",
            worth=Worth(
                unit="seconds",
                per_run=each_run.scaled(self.kept, 0.5, 1.0),
                effort="moderate",
                probability=0.8,
            ),
            evidence=observed(
                dossier.successes,
                tool=tool,
                share=round(len(found) / runs, 3),
                seconds_per_run=round(mean, 3),
                seconds_per_day=round(sum(seconds) / runs * dossier.runs_per_day(), 3),
                bytes_per_run=round(size) if size else None,
                bytes_per_day=round(size * dossier.runs_per_day()) if size else None,
                installing=ids([each.run for each in found]),
            ),
        )


def _what_to_do(installer: Installer, latest: Run) -> str:
    """A base image, or the tool's folder kept between runs; a local process has neither."""
    folder, prepared = installer.folder, installer.prepared
    if not folder.startswith(("/", "~")):
        return prepared
    if latest.image is None:
        return f"Run it in an image prepared with `{prepared}` (--image), or in a folder that stays (--cwd)"
    home = "/root" if latest.user in (None, "", "0", "root") else f"/home/{latest.user}"
    kept = f"~/.cache/orcaops/{installer.name}"
    return (
        f"Prepare an image with `{prepared}`, or keep the downloads between runs: mkdir -p {kept}, then "
        f"-v {kept}:{folder.replace('~', home, 1)}"
    )


def _installed(run: Run) -> dict[str, tuple[float, int | None]]:
    """Seconds and bytes per tool: of steps that install, and of what the output tells of the rest."""
    found: dict[str, tuple[float, int | None]] = {}
    if len(run.steps) > 1:
        for step in run.steps:
            tool = installer_of(" ".join(step.command))
            if tool is not None:
                before = found.get(tool.name, (0.0, None))
                found[tool.name] = (before[0] + step.duration_s, None)
    told = {each.tool: each for each in run.installations}
    received = run.usage.network_received_bytes
    for name, each in told.items():
        seconds = found[name][0] if name in found else min(each.seconds, run.duration_s or each.seconds)
        found[name] = (seconds, each.bytes if each.bytes is not None else None)
    if len(found) == 1 and received:
        ((name, (seconds, size)),) = found.items()
        found[name] = (seconds, size if size is not None else received)
    if not found and run.duration_s is not None:
        tool = only_installer_of(run.command)
        if tool is not None:
            found[tool.name] = (run.duration_s, received)
    return found


advisor: Advisor = Caching()
"""The shipped instance."""
