"""Command words: which programs a command is seen to start, as far as reading it can tell.

``sh -c`` lines are split into their commands, and the words behind ``env``, ``sudo``, ``xargs`` and
the like are looked at. What is built at run time (``eval``, variables, scripts, interpreters) cannot be
read; :func:`hides_commands` says where a line has such a thing.

>>> [command.line for command in commands_within(("sh", "-c", "cd src && FOO=1 make test | tee log"))]
['sh -c cd src && FOO=1 make test | tee log', 'cd src', 'make test', 'tee log']
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

_SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"}
_WRAPPERS = {
    "busybox", "builtin", "chroot", "command", "doas", "env", "exec", "ionice", "nice", "nohup", "setsid",
    "stdbuf", "sudo", "time", "timeout", "xargs",
}  # fmt: skip
_KEYWORDS = {"!", "{", "}", "if", "then", "else", "elif", "fi", "do", "done", "while", "until"}
_HIDING = {"eval", "source", ".", "alias", "case", "for", "function"}
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_SUBSTITUTION = re.compile(r"\$\(|`|<\(|>\(")
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class SeenCommand:
    """One command that something starts: its words."""

    words: tuple[str, ...]

    @property
    def line(self) -> str:
        """The words joined by spaces."""
        return " ".join(self.words)

    def matches(self, pattern: str) -> bool:
        """Whether a pattern matches the program's name, its path, or the whole line."""
        program = self.words[0]
        name = program.rstrip("/").rpartition("/")[2]
        line = self.line
        by_name = " ".join((name, *self.words[1:]))
        return any(fnmatchcase(form, pattern) for form in (name, program, line, by_name))


def commands_within(words: Sequence[str], depth: int = 0) -> Iterator[SeenCommand]:
    """The command itself, then all that it is seen to start."""
    yield SeenCommand(tuple(words))
    if depth >= _DEEPEST:
        return
    line = _shell_line(words)
    if line is not None:
        yield from _commands_of_line(line, depth + 1)
    name = words[0].rpartition("/")[2]
    if name in _WRAPPERS:
        # An option's value (nice -n 5) cannot be told from a program: each word that may be one is looked at.
        rest = list(words[1:])
        while rest:
            if not (rest[0].startswith("-") or _ASSIGNMENT.match(rest[0]) or rest[0][:1].isdigit()):
                yield from commands_within(rest, depth + 1)
                break
            rest.pop(0)


def is_shell_line(words: Sequence[str]) -> bool:
    """Whether this is a shell with a line to execute."""
    return _shell_line(words) is not None


def hides_commands(words: Sequence[str]) -> bool:
    """Whether a shell line starts something that reading it cannot tell."""
    line = _shell_line(words)
    if line is None:
        return False
    if _SUBSTITUTION.search(line) or "<<" in line:
        return True
    try:
        commands = list(_simple_commands(line))
    except ValueError:
        return True
    return any(
        command[0] in _HIDING or "$" in command[0] or command[0].rpartition("/")[2] in _WRAPPERS | _SHELLS
        for command in commands
    )


def _shell_line(words: Sequence[str]) -> str | None:
    if words[0].rpartition("/")[2] not in _SHELLS:
        return None
    rest = list(words[1:])
    has_line = False
    while rest and len(rest[0]) > 1 and rest[0][0] in "-+":
        option = rest.pop(0)
        if option == "--":
            break
        has_line |= option[0] == "-" and option[1] != "-" and "c" in option
        if option[-1] in "oO" and rest:  # as in -euo pipefail
            rest.pop(0)
    return rest[0] if has_line and rest else None


def _commands_of_line(line: str, depth: int) -> Iterator[SeenCommand]:
    if depth >= _DEEPEST:
        return
    try:
        commands = list(_simple_commands(line))
    except ValueError:  # an open quote: the shell will refuse it too
        return
    for command in commands:
        yield from commands_within(command, depth + 1)
        for word in command:
            for start in _SUBSTITUTION.finditer(word):
                yield from _commands_of_line(word[start.end() :].rstrip(")`"), depth + 1)


def _simple_commands(line: str) -> Iterator[tuple[str, ...]]:
    """A line cut at its operators, without assignments and keywords in front."""
    lexer = shlex.shlex(line.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for token in [*lexer, ";"]:
        if token and not set(token) - set("();<>|&"):
            if set(token) <= set("<>") or token in (">&", "<&", "&>", ">|"):
                continue  # a redirection: the file's name stays among the words
            if words:
                yield tuple(words)
            words = []
        elif words or not (_ASSIGNMENT.match(token) or token in _KEYWORDS):
            words.append(token)
