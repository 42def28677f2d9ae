"""From the fields of a foreign record to a run: one place for times, numbers, outcomes and logs.

Every reader brings its format's record into the fields of the import schema (interface: ``job_id``,
``name``, ``image``, ``command``, ``submitted_at``, …) and hands them to :func:`run_of`, which raises
``ValueError`` with a reason that people understand.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from orcaops.model.identity import content_id, is_id
from orcaops.model.job import JobSpec
from orcaops.model.key import key_of
from orcaops.model.run import Cause, Context, LogSummary, Run, Status, Step, Usage
from orcaops.recording.logs.reading import LogReading
from orcaops.recording.reader import ReadOptions, plain
from orcaops.recording.redaction import MASK, Redactor

_STATUS = {
    **dict.fromkeys(("succeeded", "success", "successful", "passed", "ok", "completed"), Status.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error", "errored", "broken"), Status.FAILED),
    **dict.fromkeys(("timed_out", "timeout", "timedout"), Status.TIMED_OUT),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), Status.CANCELLED),
    "lost": Status.LOST,
}
_CAUSE = {
    Status.SUCCEEDED: Cause.SUCCESS,
    Status.FAILED: Cause.COMMAND_FAILED,
    Status.TIMED_OUT: Cause.TIMEOUT_TOTAL,
    Status.CANCELLED: Cause.CANCELLED,
    Status.LOST: Cause.ENGINE_LOST,
}
_MILLISECONDS_FROM = 1e11  # seconds of the year 5138: larger epoch numbers are milliseconds
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_S = 10 * 366 * 86400.0
_LONGEST_LOG = 1024 * 1024
_LONGEST_TEXT = 128 * 1024
_LOG_ENDINGS = (".log", ".txt", ".gz", ".zst", ".out", ".err")


def run_of(fields: Mapping[str, Any], source: str, options: ReadOptions) -> Run:
    """A final run from the fields of the import schema; others are ignored, and so are empty ones.

    Raises ``ValueError`` with the reason if that cannot be a run.
    """
    found = {name: value for name, value in fields.items() if value is not None and value != ""}
    redact = _redactor().text
    given = command_line_of(found.get("command"))
    command = redact(given)
    name = text_of(found, "name")
    image = text_of(found, "image")
    if not command and not name:
        raise ValueError("neither 'name' nor 'command' says what ran")
    status = _status(found)
    started_at, finished_at, duration_s = _times(found, status)
    submitted_at = time_of(found.get("submitted_at"), "submitted_at") or started_at or finished_at
    if submitted_at is None:
        raise ValueError("'started_at' is missing")
    job_id = text_of(found, "job_id")
    if job_id is None:
        job_id = f"{source}-{content_id(source, _canonical(fields))}"
    elif not is_id(job_id):
        raise ValueError(
            f"{job_id[:80]!r} cannot be a job_id: 1-128 letters, digits, '.', '_', '-', and no '..'"
        )
    attributes = {str(k): str(v) for k, v in dict(found.get("attributes") or {}).items()}
    memory_limit = count_of(found, "memory_limit_bytes")
    timeout_s = number_of(found, "timeout_s")
    requested = _requested(command, image, memory_limit, timeout_s, options.workspace)
    if requested is None:
        noted = {"memory_limit_bytes": memory_limit, "timeout_s": timeout_s}
        attributes.update({k: str(v) for k, v in noted.items() if v})
    cause = text_of(found, "cause")
    log, log_text = _log(found.get("log"), redact, options)
    try:
        run = Run(
            job_id=job_id,
            key=key_of(image=image, command_line=command, name=name),
            status=status,
            cause=Cause(cause) if cause else _CAUSE[status],
            message=text_of(found, "message"),
            exit_code=exit_code_of(found),
            submitted_at=submitted_at,
            started_at=started_at,
            finished_at=finished_at,
            duration_s=duration_s,
            steps=tuple(found.get("steps") or ()),
            name=name,
            image=image,
            image_digest=text_of(found, "image_digest"),
            command=command,
            requested=requested,
            effective=requested,
            usage=Usage(
                cpu_seconds=number_of(found, "cpu_seconds"),
                memory_peak_bytes=count_of(found, "memory_peak_bytes"),
                memory_resident_bytes=count_of(found, "memory_resident_bytes"),
                memory_resident_basis="sampled" if "memory_resident_bytes" in found else None,
                basis="imported",
            ),
            labels=labels_of(found.get("labels")),
            context=Context(
                commit=text_of(found, "commit"),
                branch=text_of(found, "branch"),
                host=text_of(found, "host"),
                triggered_by=text_of(found, "triggered_by"),
                attributes=attributes,
            ),
            workspace=options.workspace,
            parent_job_id=text_of(found, "parent_job_id"),
            attempt=count_of(found, "attempt") or 1,
            log=log,
            source=source,
            masked=command != given,
        )
    except ValidationError as error:
        raise ValueError(explained(error)) from None
    if log_text is not None and options.keep_log is not None:
        options.keep_log(run.job_id, log_text)
    return run


def explained(error: ValidationError) -> str:
    """A validation error in one sentence: which field, and what about it."""
    first = error.errors(include_url=False)[0]
    return f"'{'.'.join(str(part) for part in first['loc'])}': {first['msg']}"


def time_of(value: Any, field: str) -> datetime | None:
    """A moment from RFC 3339 or epoch seconds (milliseconds above 1e11); None for None."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _from_text(value, field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"'{field}' is not a time: {value!r}")
    seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
    if seconds >= _MILLISECONDS_FROM / 10:
        raise ValueError(f"'{field}' is too far in the future: {value!r}")
    # Whole microseconds by integers: a float of this size holds no more than that.
    return _checked(_EPOCH + timedelta(microseconds=round(seconds * 1e6)), field)


def _from_text(text: str, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"'{field}' is neither RFC 3339 nor epoch seconds: {text[:60]!r}") from None
    if at.tzinfo is None:
        raise ValueError(f"'{field}' has no time zone: {text[:60]!r}; write e.g. 2026-01-31T12:00:00Z")
    return _checked(at.astimezone(UTC), field)


def _checked(at: datetime, field: str) -> datetime:
    if not _EPOCH <= at < _LATEST:
        raise ValueError(f"'{field}' is not between 1970 and 2200: {at.isoformat()}")
    return at


def number_of(fields: Mapping[str, Any], field: str) -> float | None:
    """A finite number that is not negative; None where the field is missing."""
    value = fields.get(field)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return number_of({field: float(value)}, field)
        except ValueError as error:
            if "could not convert" not in str(error):
                raise
            raise ValueError(f"'{field}' is not a number: {value[:60]!r}") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"'{field}' is not a number: {str(value)[:60]!r}")
    if not math.isfinite(value):
        raise ValueError(f"'{field}' is not a finite number")
    if value < 0:
        raise ValueError(f"'{field}' is negative: {value}")
    return float(value)


def count_of(fields: Mapping[str, Any], field: str) -> int | None:
    """The same, whole."""
    value = fields.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62:
        return value
    number = number_of(fields, field)
    if number is None:
        return None
    if number >= 2**62:
        raise ValueError(f"'{field}' is too large: {number}")
    return int(number)


def exit_code_of(fields: Mapping[str, Any]) -> int | None:
    """The exit code, which may be negative where a signal is written so."""
    value = fields.get("exit_code")
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"'exit_code' is not a number: {str(value)[:60]!r}") from None
    if not number.is_integer() or abs(number) > 2**31:
        raise ValueError(f"'exit_code' is not a whole number: {value!r}")
    return int(number)


def text_of(fields: Mapping[str, Any], field: str) -> str | None:
    """A text; numbers become texts."""
    value = fields.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"'{field}' is not a text")
    text = str(value).strip()
    if "\x00" in text:
        raise ValueError(f"'{field}' holds a NUL")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"'{field}' is longer than {_LONGEST_TEXT} letters")
    return text or None


def labels_of(value: Any) -> dict[str, str]:
    """Labels from an object, or from a text such as ``team=a,tier=b``."""
    if not value:
        return {}
    if isinstance(value, str):
        if value.lstrip().startswith("{"):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError as error:
                raise ValueError(f"'labels' is not valid JSON: {error.msg}") from None
        else:
            parts = (part.partition("=") for part in value.split(",") if part.strip())
            return {name.strip(): text.strip() for name, _, text in parts}
    if not isinstance(value, Mapping):
        raise ValueError("'labels' is neither an object nor a text such as team=a,tier=b")
    return {str(name): "" if text is None else str(text) for name, text in value.items()}


def command_line_of(value: Any) -> str:
    """A command as one line, from a text or a list of arguments."""
    if value is None:
        return ""
    if isinstance(value, str):
        return text_of({"command": value}, "command") or ""
    if isinstance(value, Sequence) and all(isinstance(word, str) for word in value):
        return text_of({"command": shlex.join(value)}, "command") or ""
    raise ValueError("'command' is neither a text nor a list of texts")


def step_of(name: str, started: Any, finished: Any, *, succeeded: bool | None) -> Step | None:
    """A step of a run; None if it did not run."""
    began, ended = time_of(started, "step"), time_of(finished, "step")
    if began is None or ended is None or ended < began:
        return None
    code = None if succeeded is None else 0 if succeeded else 1
    return Step(command=(name,), started_at=began, duration_s=(ended - began).total_seconds(), exit_code=code)


def _status(fields: Mapping[str, Any]) -> Status:
    word = text_of(fields, "status")
    if word is not None:
        status = _STATUS.get(word.lower().replace("-", "_"))
        if status is None:
            raise ValueError(
                f"'status' is {word[:40]!r}; it must be one of succeeded, failed, timed_out, cancelled, lost"
            )
        return status
    code = exit_code_of(fields)
    return Status.FAILED if code else Status.SUCCEEDED


def _times(
    fields: Mapping[str, Any], status: Status
) -> tuple[datetime | None, datetime | None, float | None]:
    submitted = time_of(fields.get("submitted_at"), "submitted_at")
    started = time_of(fields.get("started_at"), "started_at")
    finished = time_of(fields.get("finished_at"), "finished_at")
    duration = number_of(fields, "duration_s")
    if duration is not None and duration > _LONGEST_S:
        raise ValueError(f"'duration_s' is above ten years: {duration}")
    if started is None and submitted is not None:
        if status is Status.CANCELLED and duration is None:
            return None, finished, None  # it never ran
        started = submitted
    if started is None:
        if finished is None or duration is None:
            raise ValueError("'started_at' is missing")
        started = finished - timedelta(seconds=duration)
    if finished is not None and finished < started:
        raise ValueError("'finished_at' lies before 'started_at'")
    if duration is None:
        if finished is None:
            raise ValueError("neither 'finished_at' nor 'duration_s' says how long it took")
        duration = (finished - started).total_seconds()
        if duration > _LONGEST_S:
            raise ValueError(
                f"'finished_at' lies more than ten years after 'started_at': {finished:%Y-%m-%d}"
            )
    return started, finished or started + timedelta(seconds=duration), duration


def _requested(
    command: str, image: str | None, memory: int | None, timeout_s: float | None, workspace: str
) -> JobSpec | None:
    """The job as it was asked for, where there is a command and a limit worth keeping."""
    if not command or not (memory or timeout_s):
        return None
    try:
        return JobSpec(
            shell=command, image=image, memory=memory or None, timeout=timeout_s or None, workspace=workspace
        )
    except ValidationError as error:
        raise ValueError(explained(error)) from None


def _log(value: Any, redact: Any, options: ReadOptions) -> tuple[LogSummary | None, str | None]:
    """What a run printed, given as a text or as the path of a file."""
    if value is None:
        return None, None
    if not isinstance(value, str):
        raise ValueError("'log' is neither a text nor a path")
    text = value
    if _is_path(value):
        text = _read_log(value, options)
    given, text = text, redact(text)
    raw = text.encode("utf-8", "replace")
    reading = LogReading()
    reading.feed(raw)
    lines = raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))
    summary = LogSummary(
        stdout_bytes=len(raw),
        lines=lines,
        levels=reading.levels,
        first_error=reading.first_error,
        masked=max(0, text.count(MASK) - given.count(MASK)),
    )
    return summary, text


def _is_path(value: str) -> bool:
    if "\n" in value or len(value) > 4096:
        return False
    return value.endswith(_LOG_ENDINGS) or ("/" in value and not any(letter.isspace() for letter in value))


def _read_log(value: str, options: ReadOptions) -> str:
    path = Path(value)
    if options.folder is None:
        raise ValueError("'log' is a path, and paths are not followed here; give the text itself")
    if not options.any_path and (path.is_absolute() or ".." in path.parts):
        raise ValueError(f"'log' leads out of the file's folder: {value[:200]!r}")
    full = (options.folder / path).resolve()
    if not options.any_path and not full.is_relative_to(options.folder.resolve()):
        raise ValueError(f"'log' leads out of the file's folder: {value[:200]!r}")
    if not full.is_file():
        raise ValueError(f"'log' names no file: {value[:200]!r}")
    try:
        with full.open("rb") as file, plain(file) as content:
            head = content.read(_LONGEST_LOG)
            tail = b""
            cut = False
            while piece := content.read(_LONGEST_LOG):
                cut = cut or len(tail) + len(piece) > _LONGEST_LOG
                tail = (tail + piece)[-_LONGEST_LOG:]
    except (OSError, EOFError) as error:
        raise ValueError(f"'log' cannot be read: {error}") from None
    return (head + (b"\n[...]\n" if cut else b"") + tail).decode("utf-8", "replace")


def _canonical(fields: Mapping[str, Any]) -> str:
    return orjson.dumps(fields, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()


@cache
def _redactor() -> Redactor:
    return Redactor()
