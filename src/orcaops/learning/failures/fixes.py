"""What was different between a failed run and a later one, told as atoms; and which can have mattered.

An atom is one change: a limit raised, a word of the command, the image … No atom means that the run was only
tried again. Whether a change can end a failure depends on what the failure is about: a raised memory limit
says nothing about a missing module.
"""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from orcaops.model.job import JobSpec
from orcaops.model.key import mask_volatile
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Run
from orcaops.model.solution import MEASURED, Atom, direction

_MOST_WORDS = 6  # a command that differs in more was written anew
_LONGEST_WORD = 80
_COMMIT = 12  # letters of a commit that name it in advice

_ANYWHERE = frozenset({"commit", "image", "digest", "command", "env"})
_COMPATIBLE: dict[str, frozenset[str]] = {
    "oom": frozenset({"memory", "commit", "command", "env", "pids", "image"}),
    "timeout": frozenset({"timeout", "idle_timeout", "cpus", "memory", "commit", "command", "network"}),
    "dependency": frozenset({"image", "digest", "command", "commit", "network", "env", "mount"}),
    "network": frozenset({"network", "command", "env", "image", "commit", "timeout"}),
    "package_mirror": frozenset({"network", "command", "env", "image"}),
    "rate_limit": frozenset({"env", "command", "network", "commit"}),
    "credentials": frozenset({"env", "mount", "command", "commit"}),
    "permission": frozenset({"mount", "command", "image", "env", "commit", "cwd"}),
    "disk": frozenset({"mount", "command", "image", "commit"}),
    "resource": frozenset({"memory", "cpus", "pids", "command", "env", "commit", "mount"}),
    "image": frozenset({"image", "digest", "network"}),
    "test": frozenset({"commit", "command", "env", "image", "digest", "mount"}),
    "lint": frozenset({"commit", "command", "image", "digest"}),
    "compile": frozenset({"commit", "command", "image", "digest", "env"}),
    "code": frozenset({"commit", "command", "image", "env"}),
    "tls": frozenset({"image", "digest", "env", "mount", "command", "network"}),
    "crash": frozenset({"commit", "image", "digest", "command", "memory", "pids", "env"}),
}


def difference(before: Run, after: Run) -> tuple[Atom, ...]:
    """The atoms in which a later run of a key differs from an earlier one; nothing: it was tried again.

    What is not known of one of the two is no difference. Values of environment variables are never told.
    """
    return tuple(_atoms(before, after))


def _atoms(before: Run, after: Run) -> Iterator[Atom]:
    yield from _image(before, after)
    yield from _command(before.command, after.command)
    old, new = before.effective or before.requested, after.effective or after.requested
    if old is not None and new is not None:
        yield from _specification(old, new)
    else:
        for kind, attribute in (("memory", "memory_limit_bytes"), ("timeout", "timeout_s")):
            one, other = before.context.attributes.get(attribute), after.context.attributes.get(attribute)
            if one and other and float(one) != float(other):
                yield Atom(kind=kind, before=one, after=other)
    had, has = set(before.context.env_names), set(after.context.env_names)
    yield from (Atom(kind="env", name=name, after="set") for name in sorted(has - had))
    yield from (Atom(kind="env", name=name, before="set") for name in sorted(had - has))
    if before.context.commit and after.context.commit and before.context.commit != after.context.commit:
        yield Atom(kind="commit", before=before.context.commit, after=after.context.commit)


def _image(before: Run, after: Run) -> Iterator[Atom]:
    if before.image != after.image:
        yield Atom(kind="image", before=before.image, after=after.image)
    elif before.image_digest and after.image_digest and before.image_digest != after.image_digest:
        yield Atom(kind="digest", before=before.image_digest, after=after.image_digest)


def _command(before: str, after: str) -> Iterator[Atom]:
    if before == after:
        return
    old, new = Counter(_words(before)), Counter(_words(after))
    gone, come = list((old - new).elements()), list((new - old).elements())
    several = len(gone) + len(come) > _MOST_WORDS or not (gone or come)
    if several or any(len(word) > _LONGEST_WORD or " " in word for word in (*gone, *come)):  # a script
        yield Atom(kind="command", before=before[:_LONGEST_WORD], after=after[:_LONGEST_WORD])
        return
    yield from (Atom(kind="word", name=word, after="added") for word in come)
    yield from (Atom(kind="word", name=word, before="removed") for word in gone)


def _words(command: str) -> list[str]:
    command = mask_volatile(command)
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _specification(old: JobSpec, new: JobSpec) -> Iterator[Atom]:
    for kind in ("memory", "cpus", "pids", "timeout", "idle_timeout"):
        one, other = getattr(old, kind), getattr(new, kind)
        if one != other:
            yield Atom(
                kind=kind,
                before=None if one is None else f"{one:g}" if isinstance(one, float) else str(one),
                after=None if other is None else f"{other:g}" if isinstance(other, float) else str(other),
            )
    if old.network != new.network:
        yield Atom(kind="network", before=old.network, after=new.network or "none")
    if old.cwd != new.cwd:
        yield Atom(kind="cwd", before=old.cwd, after=new.cwd)
    had = {mount.target: (mount.source, mount.read_only) for mount in old.mounts}
    has = {mount.target: (mount.source, mount.read_only) for mount in new.mounts}
    for target in sorted(had.keys() | has.keys()):
        if had.get(target) != has.get(target):
            yield Atom(
                kind="mount",
                name=target,
                before="mounted" if target in had else None,
                after=("another source" if target in had else "mounted") if target in has else None,
            )
    for name in sorted(old.env.keys() & new.env.keys()):
        if old.env[name] != new.env[name]:
            yield Atom(kind="env", name=name, before="one value", after="another value")


def credited(atoms: Sequence[Atom], category: str) -> list[Atom]:
    """Those of the atoms that can have to do with a failure of this category."""
    kinds = _COMPATIBLE.get(category, _ANYWHERE | {"memory", "cpus", "timeout", "network", "mount"})
    return [atom for atom in atoms if ("command" if atom.kind == "word" else atom.kind) in kinds]


_ADVICE = {
    "memory": re.compile(
        r"\b(?:raise|increase|more|higher|larger|bigger)\b.{0,40}\b(?:memory|heap|ram|-Xmx)\b", re.I
    ),
    "timeout": re.compile(
        r"\b(?:raise|increase|more|higher|longer)\b.{0,40}\b(?:time-?out|time limit)\b", re.I
    ),
    "pids": re.compile(r"\b(?:raise|increase|more|higher)\b.{0,40}\b(?:pids|process(?:es)?|threads)\b", re.I),
    "cpus": re.compile(r"\b(?:raise|increase|more)\b.{0,40}\bcpus?\b", re.I),
    "network": re.compile(
        r"\bnetwork (?:bridge|host)|--network\b|\b(?:allow|give it|needs?) (?:a |the )?network\b", re.I
    ),
    "digest": re.compile(r"\bpull\b.{0,30}\bagain\b", re.I),
}
_TRY_AGAIN = re.compile(
    r"^(?:just |simply )?(?:retry|try (?:it )?again|re-?run|run (?:it|the \w+) again)\b", re.I
)
_FREE_DISK = re.compile(
    r"\b(?:free|make|clean|gain)\b.{0,20}\b(?:disk|space|room)\b|\bclean up\b|\bdocker system prune\b", re.I
)


def retries(advice: str) -> bool:
    """Whether advice is to try again and nothing else comes first."""
    return _TRY_AGAIN.match(advice) is not None


def frees_disk(advice: str) -> bool:
    """Whether advice is to make room on a disk.

    >>> frees_disk("Free disk space: docker system prune"), frees_disk("Use a smaller image")
    (True, False)
    """
    return _FREE_DISK.search(advice) is not None


def follows(advice: str, atoms: Sequence[Atom]) -> bool:
    """Whether what was changed is what advice in words asks for, as far as that can be seen.

    >>> follows("Raise the memory limit of the job", [Atom(kind="memory", before="1", after="2")])
    True
    >>> follows("Set PYTHONIOENCODING=utf-8", [Atom(kind="env", name="PYTHONIOENCODING", after="set")])
    True
    """
    if not atoms:
        return retries(advice)
    return any(_follows(advice, atom) for atom in atoms)


def _follows(advice: str, atom: Atom) -> bool:
    if atom.kind in MEASURED:
        wanted = _ADVICE.get("timeout" if "timeout" in atom.kind else atom.kind)
        return (
            direction(atom.before, atom.after) == "raised"
            and wanted is not None
            and bool(wanted.search(advice))
        )
    if atom.kind in ("network", "digest"):
        return atom.after is not None and bool(_ADVICE[atom.kind].search(advice))
    if atom.kind in ("env", "word", "mount") and atom.after is not None and len(atom.name) >= 3:
        return re.search(rf"(?<![\w-]){re.escape(atom.name)}(?![\w-])", advice) is not None
    return atom.kind == "image" and atom.after is not None and atom.after in advice


def told(atom: Atom) -> str:
    """A change as the subject of a sentence.

    >>> told(Atom(kind="memory", before="536870912", after="1073741824"))
    'Raising memory from 512 MiB to 1.0 GiB'
    >>> told(Atom(kind="word", name="--no-cache", after="added"))
    "Adding '--no-cache' to the command"
    """
    if atom.kind in MEASURED:
        verb = "Raising" if direction(atom.before, atom.after) == "raised" else "Lowering"
        return f"{verb} {_NAMES[atom.kind]} from {_shown(atom, atom.before)} to {_shown(atom, atom.after)}"
    return _PHRASES[atom.kind](atom)


def advised(atom: Atom) -> str:
    """A change as advice.

    >>> advised(Atom(kind="image", before="python:3.11-slim", after="python:3.11"))
    'Use the image python:3.11 instead of python:3.11-slim'
    >>> advised(Atom(kind="commit", before="5c1d7e0a", after="b20fe319"))
    'Look at the change of the code that ended it: git diff 5c1d7e0a b20fe319'
    """
    if atom.kind == "commit" and atom.before and atom.after:
        ended = shlex.join(("git", "diff", atom.before[:_COMMIT], atom.after[:_COMMIT]))
        return f"Look at the change of the code that ended it: {ended}"
    if atom.kind in MEASURED:
        verb = "Raise" if direction(atom.before, atom.after) == "raised" else "Lower"
        return f"{verb} {_NAMES[atom.kind]} from {_shown(atom, atom.before)} to {_shown(atom, atom.after)}"
    if atom.kind == "image":
        instead = f" instead of {atom.before}" if atom.before else ""
        return f"Use the image {atom.after}{instead}" if atom.after else "Run it without a container"
    first, _, rest = _PHRASES[atom.kind](atom).partition(" ")
    return f"{_IMPERATIVE.get(first, first)} {rest}"


_NAMES = {
    "memory": "memory",
    "cpus": "CPUs",
    "pids": "the number of processes",
    "timeout": "the timeout",
    "idle_timeout": "the idle timeout",
}
_IMPERATIVE = {
    "Adding": "Add",
    "Removing": "Remove",
    "Changing": "Change",
    "Using": "Use",
    "Setting": "Set",
    "Mounting": "Mount",
    "Pulling": "Pull",
    "Unsetting": "Unset",
}


def _shown(atom: Atom, value: str | None) -> str:
    if value is None:
        return "no limit"
    if atom.kind == "memory":
        return show_size(float(value))
    return show_duration(float(value)) if "timeout" in atom.kind else value


def _env(atom: Atom) -> str:
    if atom.before is None:
        return f"Setting the environment variable {atom.name}"
    if atom.after is None:
        return f"Unsetting the environment variable {atom.name}"
    return f"Changing the environment variable {atom.name}"


def _mount(atom: Atom) -> str:
    if atom.before is None:
        return f"Mounting something at {atom.name}"
    return f"{'Removing' if atom.after is None else 'Changing'} the mount at {atom.name}"


_PHRASES: Mapping[str, Callable[[Atom], str]] = {
    "image": lambda atom: f"Using the image {atom.after}" if atom.after else "Running it without a container",
    "digest": lambda _: "Pulling a newer image of the same name",
    "command": lambda _: "Changing the command",
    "word": lambda atom: (
        f"Adding {atom.name!r} to the command" if atom.after else f"Removing {atom.name!r} from the command"
    ),
    "env": _env,
    "mount": _mount,
    "network": lambda atom: f"Using the network {atom.after}",
    "cwd": lambda atom: f"Changing the working directory to {atom.after or 'the default'}",
    "commit": lambda _: "Changing the code",
}
