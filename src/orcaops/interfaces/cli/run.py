"""``orcaops run``: runs a command, streams its output, says what was expected and what was unusual."""

import contextlib
import errno
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from orcaops.interfaces.cli.door import opened, options, start_worker, whoami
from orcaops.interfaces.cli.endings import end_now, on_endings
from orcaops.interfaces.cli.failures import show_failure
from orcaops.interfaces.cli.handing_over import leave_one_behind
from orcaops.interfaces.cli.job_options import job_options, spec_of
from orcaops.interfaces.cli.output import leave_terminal, nobody_reads, note, print_json
from orcaops.model.errors import ErrorCode, OrcaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orcaops.app import App
    from orcaops.model.anomaly import Anomaly
    from orcaops.model.job import JobSpec
    from orcaops.model.logline import Stream
    from orcaops.model.run import Run

_NOBODY_READS = (errno.EPIPE, errno.EIO)  # a pipe, a terminal
TIMED_OUT, OURS, OUT_OF_MEMORY, REGRESSION, USAGE = 124, 125, 137, 3, 2


@click.command(
    context_settings={"ignore_unknown_options": False},
    epilog="Example: orcaops run --image python:3.11 --memory 512m --timeout 5m -- pytest -q",
)
@job_options
@click.option("--estimate", is_flag=True, help="Only say what it will take; run nothing.")
@click.option("--detach", is_flag=True, help="Return at once; the job goes on in the background.")
@click.option(
    "--fail-on", type=click.Choice(["regression"]), help="Exit with 3 if it passed but was slow or large."
)
@options()
def run(
    command: tuple[str, ...],
    *,
    estimate: bool,
    detach: bool,
    fail_on: str | None,
    as_json: bool,
    home: str | None,
    workspace: str | None,
    **job: Any,
) -> int:
    """Run a command in a container, or on this machine, and remember it.

    Its exit code is the command's own; 124 timed out, 125 OrcaOps or the engine failed, 126 and 127 as
    in a shell, 128+n ended by signal n, 137 out of memory, 3 with --fail-on regression, 2 wrong usage.
    With --json the job's output goes to standard error and its record, one line, to standard output.
    """
    with failures_are_ours(), opened(home=home, workspace=workspace) as app:
        spec = spec_of(command, workspace=app.settings.workspace, **job)
        if estimate:
            return _estimate(app, spec, as_json=as_json)
        if detach:
            return _detach(app, spec, as_json=as_json)
        code = execute(app, spec, as_json=as_json, fail_on=fail_on)
    if spec.image is not None:
        leave_one_behind()
    return code


@contextlib.contextmanager
def failures_are_ours() -> "Iterator[None]":
    """Whatever fails in here is told apart from the command's own failure: exit code 125, or 2."""
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the command did not do it
        code = show_failure(error)
        sys.exit(USAGE if code == USAGE or _cannot_be_kept(error) else OURS)


def _cannot_be_kept(error: Exception) -> bool:
    """Whether an option asks for what no executor here can keep."""
    from orcaops.model.job import JobSpec

    conflict = isinstance(error, OrcaError) and error.code is ErrorCode.CONFLICT
    return conflict and getattr(error, "where", "") in JobSpec.model_fields


def exit_code_of(run: "Run") -> int:
    """The exit code that stands for a final record."""
    from orcaops.model.run import Cause

    if run.cause is Cause.OOM_KILLED:
        return OUT_OF_MEMORY
    if run.cause in (Cause.TIMEOUT_TOTAL, Cause.TIMEOUT_IDLE):
        return TIMED_OUT
    if run.cause is Cause.CANCELLED:
        return 128 + signal.SIGTERM
    if run.cause in (Cause.SUCCESS, Cause.COMMAND_FAILED):
        return 128 + run.signal if run.signal else run.exit_code or 0
    return OURS


def execute(app: "App", spec: "JobSpec", *, as_json: bool, fail_on: str | None) -> int:
    """Run a job in the foreground, tell people about it, and return its exit code."""
    from orcaops.interfaces.cli.telling import tell_accepted, tell_finished, tell_waiting
    from orcaops.model.run import Status

    out = sys.stderr.buffer if as_json else sys.stdout.buffer
    err = sys.stderr.buffer

    def show(stream: "Stream", data: bytes) -> None:
        target = out if stream == "stdout" else err
        try:
            target.write(data)
            target.flush()
        except OSError as error:  # whoever read our output has gone, or has no room: the job goes on
            nobody_reads(target)
            if error.errno not in _NOBODY_READS:
                note(f"its output is kept, and cannot be shown here any more: {error.strerror}", "warn")

    caught: list[int] = []

    def accepted(run: "Run") -> None:
        def cancel(number: int, _frame: object) -> None:
            caught.append(number)
            if number == signal.SIGHUP:
                leave_terminal()
            # In a thread of its own: another ending is heard meanwhile.
            threading.Thread(target=_cancel, args=(app, run, number), daemon=True).start()

        on_endings(cancel)
        tell_accepted(run)

    final = app.jobs.run(spec, on_accepted=accepted, on_output=show)
    anomalies: Sequence[Anomaly] = ()
    try:
        anomalies = app.insights.anomalies_of(final.workspace, final.job_id)
        tell_finished(final, anomalies)
        tell_waiting(app, final)
    except OrcaError as error:  # its own exit code is known, and does not depend on what is told of it
        if error.code is not ErrorCode.UNAVAILABLE or (fail_on and exit_code_of(final) == 0):
            raise
        show_failure(error)
    app.upkeep.mirror()
    if as_json:
        try:
            print_json(final)
        except BrokenPipeError:
            nobody_reads(sys.stdout)
    code = 128 + caught[0] if caught and final.status is Status.CANCELLED else exit_code_of(final)
    slow = any(a.type in ("duration", "memory") and a.severity.rank >= 1 for a in anomalies)
    return REGRESSION if code == 0 and fail_on == "regression" and slow else code


def _cancel(app: "App", run: "Run", number: int) -> None:
    """Cancel a run because of a signal; if its server is away, end this process instead."""
    from orcaops.interfaces.cli.remote.patience import AwayError, goes_on

    try:
        app.jobs.cancel(run.workspace, run.job_id, by=whoami())
    except AwayError:
        note(goes_on(run.job_id), "warn")
        end_now(number)
    except OrcaError as error:
        show_failure(error)


def _estimate(app: "App", spec: "JobSpec", *, as_json: bool) -> int:
    from orcaops.interfaces.cli.telling import print_forecasts

    forecasts = app.predictions.predict(spec)
    if as_json:
        print_json(forecasts)
    else:
        print_forecasts(forecasts)
    return 0


def _detach(app: "App", spec: "JobSpec", *, as_json: bool) -> int:
    run = app.jobs.submit(spec)
    if not app.settings.url:
        start_worker(app)
    if as_json:
        print_json(run)
    else:
        click.echo(run.job_id)
        note(f"it goes on in the background; follow it with: orcaops jobs logs -f {run.job_id}")
    return 0
