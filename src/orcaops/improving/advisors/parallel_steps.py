"""Checks of one job that run one after the other, though none needs what another leaves."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.improving.retyped import retyped
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run, Step
from orcaops.stats.interval import mean_of_next

_CHECKERS = re.compile(
    r"pytest|mypy|ruff|flake8|pylint|bandit|pyright|black|isort|eslint|tsc|jest|vitest|mocha|stylelint|prettier"
    r"|shellcheck|yamllint|hadolint|golangci-lint|staticcheck|rubocop|rspec|phpstan|phpunit|psalm|ktlint|detekt"
    r"|checkstyle|tflint|semgrep|trivy|codespell|markdownlint|vale"
)
"""Tools that look at what is there and leave nothing that another step needs."""

_CHECKING = re.compile(
    r"go (?:vet|test)|cargo (?:test|clippy|fmt)|(?:npm|yarn|pnpm) (?:test|lint)|make (?:test|lint|check)"
    r"|mvn test|tox run"
)
_RUNNERS = frozenset(("python", "python3", "uv", "poetry", "npx", "bundle", "pnpm", "yarn", "sh", "bash"))
_SKIPPED = frozenset(("-m", "run", "exec", "-c", "-lc", "-ec"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelSteps:
    """Advises to run consecutive checking steps of a job as jobs of their own, side by side.

    Steps count as independent where each is a tool that only looks (tests, linters, type checkers): they
    share their folder and read it. Steps that install, build or write are left where they are. The expected
    wall time is the longest of them instead of their sum. Silent where the steps take less than ``least_s``
    together, where processors are short (the job uses more than ``busy`` of its limit already), and before
    ``needed`` successes.

    >>> ParallelSteps().needed
    10
    """

    name: str = "parallel_steps"
    needed: int = 10
    least_s: float = 10.0
    busy: float = 0.8

    def concerns(self, latest: Run, baseline: Baseline) -> bool:  # noqa: ARG002
        """Jobs of several commands that take a while."""
        return len(latest.steps) > 1 and (latest.duration_s or 0.0) >= self.least_s

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: the longest row of steps."""
        steps = dossier.latest.steps if dossier.latest is not None else ()
        commands = [step.command for step in steps]
        alike = [r for r in dossier.successes if [step.command for step in r.steps] == commands]
        if len(alike) < self.needed or self._is_busy(alike):
            return ()
        rows = [(sum(self._saved(run.steps, row) for run in alike), row) for row in _rows(steps)]
        best, row = max(rows, default=(0.0, range(0)), key=lambda pair: pair[0])
        if best / len(alike) < self.least_s / 2:
            return ()
        saved = mean_of_next([self._saved(run.steps, row) for run in alike], ahead=AHEAD)
        means = [sum(run.steps[place].duration_s for run in alike) / len(alike) for place in row]
        names = [shlex.join(commands[place])[:60] for place in row]
        return (
            propose(
                dossier,
                advisor=self.name,
                field="steps",
                kind="performance",
                title=f"Run {len(names)} independent steps side by side",
                description=f"{', '.join(names)} only look at what is there; one after the other they take "
                f"{show_duration(sum(means))}, side by side {show_duration(max(means))}.",
                impact=f"Expected wall time {show_duration(max(means))} instead of "
                f"{show_duration(sum(means))}.",
                action=_each_by_itself(dossier, [commands[place] for place in row]),
                worth=Worth(
                    unit="seconds",
                    per_run=saved.scaled(0.9, 0.7, 1.0),
                    effort="moderate",
                    probability=0.7,
                ),
                evidence=observed(
                    alike,
                    steps=names,
                    step_seconds=[round(mean, 3) for mean in means],
                    wall_s=round(sum(means), 3),
                    expected_wall_s=round(max(means), 3),
                ),
            ),
        )

    def _is_busy(self, runs: Sequence[Run]) -> bool:
        spec = runs[0].effective or runs[0].requested
        cpus = spec.cpus if spec is not None else None
        used = [
            run.usage.cpu_seconds / run.duration_s for run in runs if run.usage.cpu_seconds and run.duration_s
        ]
        return cpus is not None and bool(used) and sum(used) / len(used) > self.busy * cpus

    def _saved(self, steps: Sequence[Step], row: range) -> float:
        seconds = [steps[place].duration_s for place in row]
        return sum(seconds) - max(seconds)


def _each_by_itself(dossier: Dossier, commands: Sequence[Sequence[str]]) -> str:
    """A command for each step that starts it as a job of its own; what to do, where it cannot be typed."""
    latest = dossier.latest
    spec = (latest.requested if latest is not None else None) or dossier.spec
    if spec is None:
        return "Make each step a job of its own, and start them with --detach"
    named = [f"{spec.name}-{place}" if spec.name else None for place in range(1, len(commands) + 1)]
    lines = [
        retyped(spec, "--detach", command=command, name=name)
        for command, name in zip(commands, named, strict=True)
    ]
    typed = [line for line in lines if line is not None]
    if len(typed) < len(lines):
        return "Make each step a job of its own, and start them with --detach"
    return "; ".join(typed)


def _rows(steps: Sequence[Step]) -> list[range]:
    """Stretches of consecutive steps that only look."""
    rows, first = [], None
    for place, step in enumerate(steps):
        looks = only_looks(step.command)
        if looks and first is None:
            first = place
        if first is not None and (not looks or place == len(steps) - 1):
            end = place + looks
            if end - first > 1:
                rows.append(range(first, end))
            first = None
    return rows


def only_looks(command: Sequence[str]) -> bool:
    """Whether a command is a tool that checks, and its output goes nowhere but to the log.

    >>> only_looks(("python", "-m", "pytest", "-q")), only_looks(("sh", "-c", "ruff check . > report.txt"))
    (True, False)
    """
    line = command[-1] if len(command) == 3 and command[0] in ("sh", "bash") else shlex.join(command)
    if any(mark in line for mark in (">", "|", "&&", ";", "--fix", "--write", "install", "-o ")):
        return False
    words = line.split()
    while words and (words[0] in _RUNNERS or words[0] in _SKIPPED or "=" in words[0]):
        if _CHECKING.fullmatch(" ".join(words[:2])):
            return True
        words = words[1:]
    first = words[0].rsplit("/", 1)[-1] if words else ""
    return bool(_CHECKERS.fullmatch(first) or _CHECKING.fullmatch(" ".join(words[:2])))


advisor: Advisor = ParallelSteps()
"""The shipped instance."""
