"""ContainerScript: several commands in one container, each with its own time and exit code.

A container has one main process, so several commands run under one generated ``sh`` script. It
writes a record where each command begins and ends into the standard error stream; the records carry a
random word of this run and are taken out again before anybody sees the output. Because they are part of the
output, an engine's log still holds them when the OrcaOps that started the container is dead.

A record says what the clock of its machine read, because it may be heard late, and together with the next
one: by a reader that is short of processors, or that was away.
"""

import shlex
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from orcaops.model.run import Step

_MARK = b"\x1e"
_LONGEST_RECORD = 96
_TICK_S = 0.01  # the kernel tells its uptime in hundredths


def script_of(commands: Sequence[Sequence[str]], word: str) -> str:
    """A POSIX ``sh`` script that runs the commands in order and stops at the first that fails.

    Each command is executed as it is, never as a builtin of the shell. On TERM the shell outlives the
    command at work, which gets the signal too, and starts no other.
    """
    lines = [
        # The init passes TERM on to the whole group because of this variable, which no command should see.
        "unset TINI_KILL_PROCESS_GROUP",
        # A variable that the job's environment holds as well would reach its commands changed.
        "orcaops_halted=",
        "trap 'orcaops_halted=1' TERM",
        "orcaops_clock() { read -r orcaops_up orcaops_idle </proc/uptime || orcaops_up=; } 2>/dev/null",
        f"orcaops_note() {{ printf '\\036{word} %s %s %s\\036\\n' $1 $2 $orcaops_up >&2; }}",
    ]
    for number, command in enumerate(commands):
        lines += [
            f"orcaops_clock; orcaops_note {number} begin",
            f"( exec {' '.join(shlex.quote(argument) for argument in command)} ); orcaops_status=$?",
            f"orcaops_clock; orcaops_note {number} $orcaops_status",
            '[ $orcaops_status -eq 0 ] && [ -z "$orcaops_halted" ] || exit $orcaops_status',
        ]
    return "\n".join(lines) + "\n"


class _Beginning(NamedTuple):
    """A step at work."""

    number: int
    heard_at: datetime
    up_s: float | None


class StepRecords:
    """Takes the records out of the stream that holds them and makes steps of them."""

    def __init__(
        self, commands: Sequence[Sequence[str]], word: str, ended: Callable[[Step, datetime], None]
    ) -> None:
        self._commands = [tuple(command) for command in commands]
        self._mark = _MARK + word.encode("ascii") + b" "
        self._ended = ended
        self._kept = b""
        self._open: _Beginning | None = None
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
        if len(words) not in (2, 3) or not words[0].isdigit() or int(words[0]) >= len(self._commands):
            return
        up_s = _seconds(words[2]) if len(words) == 3 else None
        if words[1] == b"begin":
            self._open = _Beginning(int(words[0]), at, up_s)
        elif words[1].isdigit():
            self._end(at, int(words[1]), None, up_s)

    def _end(
        self, at: datetime, exit_code: int | None, signal: int | None, up_s: float | None = None
    ) -> None:
        if self._open is None:
            return
        began, self._open = self._open, None
        duration_s = max(timedelta(), at - began.heard_at).total_seconds()
        if up_s is not None and began.up_s is not None:
            by_its_clock_s = max(0.0, up_s - began.up_s)
            duration_s = min(max(duration_s, by_its_clock_s - _TICK_S), by_its_clock_s + _TICK_S)
        step = Step(
            command=self._commands[began.number],
            started_at=at - timedelta(seconds=duration_s),
            duration_s=duration_s,
            exit_code=exit_code,
            signal=signal,
        )
        self.steps.append(step)
        self._ended(step, at)


def _seconds(text: bytes) -> float | None:
    return float(text) if text.replace(b".", b"", 1).isdigit() else None
