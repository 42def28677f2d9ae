"""WarmAttempt: the life of a job in a container that stood ready for it.

It differs from a cold one in its beginning only: the job is handed to the shell that waits, once that has
said that it still listens. Whatever happens before the job's first instruction is a miss, not a failure: the
container is removed, and the job starts cold. A shell that does not answer is never given the job: it would
do it when it wakes, and be it on the way to its end.
"""

import contextlib
import threading

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import PhaseName, Run
from orcaops.running.containers.attempt import ContainerAttempt
from orcaops.running.containers.launch_script import LaunchRecords, launch_line
from orcaops.running.containers.meter import SetUpShares
from orcaops.running.containers.output import live_pieces
from orcaops.running.containers.request import container_name
from orcaops.running.containers.script import script_of
from orcaops.running.containers.warm_pool import Held, WarmPool
from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import ContainerGoneError, EngineError, EngineGoneError
from orcaops.running.engine.streams import Connection
from orcaops.running.executor import Halt, Observer

_ANSWERS_WITHIN_S = 3.0
_BEGINS_WITHIN_S = 10.0


class WarmAttempt(ContainerAttempt):
    """One job at work in ``held``, which is its own from now on; use as its base class."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        spec: JobSpec,
        held: Held,
        pool: WarmPool,
        shares: SetUpShares,
        observer: Observer,
        halt: Halt,
    ) -> None:
        launch = LaunchRecords(held.word)
        super().__init__(engine, run, spec, held.word, held.group, shares, observer, halt, launch=launch)
        self._held = held
        self._pool = pool
        self._marks = launch
        self._container = held.container
        self._connection = held.connection
        self.missed = False
        """Whether the job never began here, so that it is to be started cold."""

    def run(self) -> bool:
        """Hand the job over and pass on its output until both streams are closed; false if it never began."""
        connection = self._held.connection
        assert connection is not None
        self._observer.phase(PhaseName.START)
        self._observer.placed(self._held.container)
        if self._is_stopped():
            return False
        self._measure(running=True, from_here=True)
        steps = self._spec.steps()
        argv = (*self._held.entrypoint, *steps[0])
        if len(steps) > 1:
            argv = ("sh", "-c", script_of(steps, self._held.word))
        try:
            self._held.prove(_ANSWERS_WITHIN_S)
            connection.send(launch_line(argv, dict(self._spec.env), self._held.word))
        except (OSError, EngineGoneError):
            self.missed = True
            return False
        connection.wait_at_most(_BEGINS_WITHIN_S)
        self._listen(connection)
        if self._started_at is not None:
            return True
        # It must not begin any more: what is left of the output then tells whether it ever had.
        try:
            self._engine.kill(self._container, "KILL")
        except EngineError:  # it refuses that for some states, and is slow under load
            self._engine.remove(self._container)
        self._listen(connection)
        if self._started_at is not None:
            raise ContainerGoneError("the container stopped answering when the job had just begun")
        self.missed = True
        return False

    def _listen(self, connection: Connection) -> None:
        for stream, piece in live_pieces(connection):
            at = self._clock.now()
            data = self._marks.feed(piece, at) if stream is Stream.STDERR else piece
            # The streams travel apart: output may be here before the mark that was written before it.
            if self._started_at is None and (self._marks.started_at or stream is Stream.STDOUT):
                connection.wait_at_most(None)
                self._begin(at)
                threading.Thread(target=self._take_name, name="orcaops-name", daemon=True).start()
            self._pass_on(stream, data, at)

    def _let_go(self) -> None:
        """Everything is known by now: whoever waits for the job need not wait for the removal."""
        self._pool.later(super()._let_go)

    def _take_name(self) -> None:
        """Be called after the job, for people; one that missed its job must not hold the name."""
        with contextlib.suppress(EngineError):
            self._engine.rename(self._container, container_name(self._run.job_id))
