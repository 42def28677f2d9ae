"""ContainerScript: several commands in one container, each with its own time and exit code.

A container has one main process, so several commands run under one generated ``sh`` script. It
writes a record where each command begins and ends into the standard error stream; the records carry a
random word of this run and are taken out again before anybody sees the output. Because they are part of the
output, an engine's log still holds them when the OrcaOps that started the container is dead.
"""

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from orcaops.model.run import Step

_MARK = b"\x1e"
_LONGEST_RECORD = 96


def script_of(commands: Sequence[Sequence[str]], word: str) -> str:
    """A POSIX ``sh`` script that runs the commands in order and stops at the first that fails.

    Each command is executed as it is, never as a builtin of the shell. On TERM the shell outlives the
    command at work, which gets the signal too, and starts no other.
    """
    # The init passes TERM on to the whole group because of this variable, which no command should see.
    lines = ["unset TINI_KILL_PROCESS_GROUP", "halted=", "trap 'halted=1' TERM"]
    for number, command in enumerate(commands):
        lines += [
            f"printf '\\036{word} {number} begin\\036\\n' >&2",
            f"( exec {' '.join(shlex.quote(argument) for argument in command)} ); status=$?",
            f"printf '\\036{word} {number} %s\\036\\n' $status >&2",
            '[ $status -eq 0 ] && [ -z "$halted" ] || exit $status',
        ]
    return "\n".join(lines) + "\n"


class StepRecords:
    """Takes the records out of the stream that holds them and makes steps of them."""

    def __init__(
        self, commands: Sequence[Sequence[str]], word: str, ended: Callable[[Step, datetime], None]
    ) -> None:
        self._commands = [tuple(command) for command in commands]
        self._mark = _MARK + word.encode("ascii") + b" "
        self._ended = ended
        self._kept = b""
        self._open: tuple[int, datetime] | None = None
        self.steps: list[Step] = []

    def feed(self, data: bytes, at: datetime) -> bytes:
        """The output in ``data`` without records; what may be the beginning of one is kept back."""
        data, self._kept = self._kept + data, b""
        if _MARK not in data:
            return data
        output: list[bytes] = []
        while (start := data.find(_MARK)) >= 0:
            piece = data[start:]
            if not self._mark.startswith(piece[: len(self._mark)]):
                output.append(data[: start + 1])
                data = data[start + 1 :]
                continue
            end = piece.find(_MARK + b"\n", 1)
            if end < 0 and len(piece) < _LONGEST_RECORD:
                self._kept = piece
                return b"".join(output) + data[:start]
            output.append(data[:start])
            data = piece[end + 2 :] if end >= 0 else piece[len(self._mark) :]
            if end >= 0:
                self._note(piece[len(self._mark) : end].split(), at)
        return b"".join(output) + data

    def rest(self) -> bytes:
        """No more comes: what was kept back was output after all."""
        rest, self._kept = self._kept, b""
        return rest

    def close(self, at: datetime, exit_code: int | None, signal: int | None) -> None:
        """The container has stopped: a step that was still at work ended as the container did."""
        self._end(at, exit_code, signal)

    def _note(self, words: list[bytes], at: datetime) -> None:
        if len(words) != 2 or not words[0].isdigit() or int(words[0]) >= len(self._commands):
            return
        if words[1] == b"begin":
            self._open = int(words[0]), at
        elif words[1].isdigit():
            self._end(at, int(words[1]), None)

    def _end(self, at: datetime, exit_code: int | None, signal: int | None) -> None:
        if self._open is None:
            return
        (number, since), self._open = self._open, None
        step = Step(
            command=self._commands[number],
            started_at=since,
            duration_s=max(timedelta(), at - since).total_seconds(),
            exit_code=exit_code,
            signal=signal,
        )
        self.steps.append(step)
        self._ended(step, at)
