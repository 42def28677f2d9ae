"""Suggested fixes: what may end a failure, what is proven first, each with how often it helped."""

import shlex
from collections.abc import Iterator

from orcaops.learning.failures.evidence import THE_JOB, lacks_network
from orcaops.model.debug import SuggestedFix
from orcaops.model.quantities import MIB, show_duration, show_size
from orcaops.model.remedy import Action
from orcaops.model.run import Cause, Run
from orcaops.model.solution import Effect, Solution
from orcaops.services.explaining.findings import Findings
from orcaops.services.explaining.wording import short, there
from orcaops.services.knowing.remedies import action_of, solution_id

_MOST_PATTERNS = 4  # known failures whose solutions are suggested
_LONGEST_COMMAND = 200
# A job that was asked for with more than this is changed by whoever asked for it.
_RETYPED = {"image", "command", "name", "memory", "executor", "intent", "commit", "branch", "parent_job_id"}
_PROVEN = frozenset({"offered", "suggested", "validated"})


def suggested_fixes(found: Findings) -> Iterator[SuggestedFix]:
    """What may end it: what is proven, what a limit says, what the pattern knows, a retry; each once.

    To try again is one fix, however many patterns advise it: the first that does so says how it is done.
    """
    seen: set[str] = set()
    proven = [one for one in found.learned if one.standing in _PROVEN and not one.explored]
    raised = {one.action for one in proven}
    limits = [fix for fix in _limits(found.run, found.last_success) if fix[0] not in raised]
    for fix in [
        *(_learned(found, one) for one in proven),
        *(fix for _, fix in limits),
        *_surroundings(found),
        *_solutions(found),
        *_retry(found),
        *(_learned(found, one) for one in found.learned if one not in proven),
    ]:
        same = Action.RETRY if fix.remedy is Action.RETRY else fix.action.casefold()
        if same not in seen:
            seen.add(same)
            yield fix


def _learned(found: Findings, one: Solution) -> SuggestedFix:
    """What ended such failures before, with how often, and how that compares with trying again."""
    if one.source == "taught":
        why = f"taught for this failure; {_counted(one.effect)}"
    else:
        words = [one.sentence.rstrip(".")]
        if one.effect.low is not None and one.effect.high is not None:
            words.append(f"80% interval of its rate {one.effect.low:.0%} to {one.effect.high:.0%}")
        retried = found.retry
        words.append(
            f"trying again alone ended it in {retried.helped} of {retried.n}"
            if retried.n
            else "nobody just tried again"
        )
        if one.explored and one.standing not in _PROVEN:
            words.append("shown to find out: little is known of it")
        why = "; ".join(words)
    return SuggestedFix(
        action=short(one.text, 300),
        why=why,
        command=_command_of(found.run, one),
        solution_id=one.id,
        standing=one.standing,
        effect=one.effect,
        remedy=_remedy(one),
        change=one.change,
    )


def _remedy(one: Solution) -> Action | None:
    return Action(one.action) if one.action is not None else None


def _command_of(run: Run, one: Solution) -> str | None:
    change = one.change
    if change is None or change.after is None:
        return None
    if change.kind == "memory":
        return _again(run, f"--memory {-(-int(float(change.after)) // MIB)}m")
    return _again(run, "", image=change.after) if change.kind == "image" else None


def _counted(effect: Effect) -> str:
    if not effect.n:
        return "not counted here yet"
    cases = "case" if effect.n == 1 else "cases"
    interval = (
        f" (80% interval {effect.low:.0%} to {effect.high:.0%})"
        if effect.low is not None and effect.high is not None
        else ""
    )
    return f"it was followed by success in {effect.helped} of {effect.n} {cases}{interval}"


def _limits(run: Run, last_success: Run | None) -> Iterator[tuple[str, SuggestedFix]]:
    """Each with the action that it stands for."""
    limits = run.effective
    if run.cause is Cause.OOM_KILLED and limits and limits.memory:
        held = last_success.usage.memory_peak_bytes if last_success else None
        wanted = doubled(limits.memory) // MIB
        fix = SuggestedFix(
            action=f"Raise the memory limit from {show_size(limits.memory)} to {show_size(wanted * MIB)}, "
            "or let it hold less",
            why="it was killed at its limit"
            + (
                f"; the last success peaked at {show_size(held)}"
                if held
                else "; how much it needs is not known"
            ),
            command=_again(run, f"--memory {wanted}m"),
            remedy=Action.RAISE_MEMORY,
        )
        yield "raise_memory", fix
    elif run.cause is Cause.TIMEOUT_TOTAL and limits and limits.timeout:
        usual = last_success.duration_s if last_success else None
        fix = SuggestedFix(
            action=f"Find what it waits for, or raise the timeout from {show_duration(limits.timeout)}",
            why="it was stopped at its timeout"
            + (f"; the last success took {show_duration(usual)}" if usual else ""),
            remedy=Action.RAISE_TIMEOUT,
        )
        yield "raise_timeout", fix


def _surroundings(found: Findings) -> Iterator[SuggestedFix]:
    """What the job was not given: its image, or a network."""
    run = found.run
    if run.cause is Cause.IMAGE_UNAVAILABLE and run.image:
        yield SuggestedFix(
            action="Check the name of the image, and that this host reaches its registry; "
            "`docker load` brings one that is in a file",
            why="nothing of the job has run; pulling it by hand shows what the registry says",
            command=f"docker pull {shlex.quote(run.image)}",
        )
    elif lacks_network(run, found.matches):
        yield SuggestedFix(
            action="Give the job a network, or bring along what it looks for",
            why="it ran without one, as containers do unless they ask for it",
            command=_again(run, "--network bridge"),
        )


def doubled(memory: int) -> int:
    """Twice a limit, in whole 64 MiB: what a killed run would have taken is not known."""
    return -(-2 * memory // (64 * MIB)) * 64 * MIB


def _again(run: Run, options: str, image: str | None = None) -> str | None:
    """A command that runs it with another limit or image, where it is simple enough to be retyped."""
    spec = run.requested
    if spec is None or run.masked or not spec.command:
        return None
    if not spec.model_dump(exclude_defaults=True).keys() <= _RETYPED:
        return None
    chosen = image or spec.image
    words = ["orcaops run"]
    if chosen:
        words.append(f"--image {shlex.quote(chosen)}")
    if spec.name:
        words.append(f"--name {shlex.quote(spec.name)}")
    if spec.memory and "--memory" not in options:
        words.append(f"--memory {spec.memory}")
    if options:
        words.append(options)
    command = shlex.join(spec.command)
    return f"{' '.join(words)} -- {command}" if len(command) <= _LONGEST_COMMAND else None


def _solutions(found: Findings) -> Iterator[SuggestedFix]:
    specific = [match for match in found.matches if not match.catch_all] or list(found.matches)
    for match in specific[:_MOST_PATTERNS]:
        known = found.solutions.get(match.pattern.id)
        if known is None:  # nobody has looked how often they helped
            known = [
                Solution(
                    id=solution_id(match.pattern.id, text),
                    text=text,
                    source="shipped",
                    action=action_of(text),
                )
                for text in match.solutions
            ]
        for one in known:
            if one.action == "retry" and not may_retry(found):
                continue
            source = "shipped" if one.source == "shipped" else "taught"
            yield SuggestedFix(
                action=short(one.text, 300),
                why=f"{source} advice for {match.pattern.id}; {_counted(one.effect)}",
                pattern_id=match.pattern.id,
                solution_id=one.id,
                standing=one.standing,
                effect=one.effect if one.effect.n else None,
                remedy=_remedy(one),
                command=_rerun(found.run) if _remedy(one) is Action.RETRY else None,
            )


def may_retry(found: Findings) -> bool:
    """Whether trying again may help: for infrastructure only, and not where the engine blames the job."""
    return found.classification.infrastructure and found.run.cause not in THE_JOB


def _retry(found: Findings) -> Iterator[SuggestedFix]:
    if not may_retry(found):
        return
    yield SuggestedFix(
        action="Try it again",
        why=f"it looks like infrastructure ({found.classification.infrastructure_probability:.0%}), "
        "not like the job itself",
        command=_rerun(found.run),
        remedy=Action.RETRY,
    )


def _rerun(run: Run) -> str | None:
    """The command that runs a job again, where all that it was given is still known."""
    if run.requested is None or run.masked:
        return None
    return there(run, f"orcaops jobs rerun {run.job_id}")
