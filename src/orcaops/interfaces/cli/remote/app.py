"""RemoteApp: the services of a server, under the same names as those of this process.

Commands do not care which they hold. What only the server's own machine can do (``gc``,
``relearn``, ``exam``) says so.
"""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from orcaops.interfaces.cli.remote.advice import RemoteAdvice
from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.failures import RemoteFailures, RemoteRemediation
from orcaops.interfaces.cli.remote.forecasts import RemoteForecasts
from orcaops.interfaces.cli.remote.history import RemoteHistory
from orcaops.interfaces.cli.remote.insights import RemoteInsights
from orcaops.interfaces.cli.remote.jobs import RemoteJobs
from orcaops.interfaces.cli.remote.knowledge import RemoteKnowledge
from orcaops.interfaces.cli.remote.optimizations import RemoteOptimizations
from orcaops.interfaces.cli.remote.predictions import RemotePredictions
from orcaops.interfaces.cli.remote.questions import RemoteQuestions
from orcaops.interfaces.cli.remote.sandboxes import RemoteSandboxes
from orcaops.interfaces.cli.remote.telling import RemoteIncidents, RemoteTelling
from orcaops.interfaces.cli.remote.tests import RemoteTests
from orcaops.interfaces.cli.remote.upkeep import RemoteUpkeep
from orcaops.interfaces.cli.remote.warming import RemoteWarming

if TYPE_CHECKING:
    from orcaops.config import Settings


class RemoteApp:
    """The services of a server."""

    def __init__(self, settings: "Settings") -> None:
        self._connection = Connection(settings)
        self.settings = settings
        self._copies = ExitStack()
        self.jobs = RemoteJobs(self._connection, self._copies)
        self.insights = RemoteInsights(self._connection)
        self.tests = RemoteTests(self._connection)
        self.incidents = RemoteIncidents(self._connection)
        self.telling = RemoteTelling(self._connection)
        self.failures = RemoteFailures(self._connection)
        self.remediation = RemoteRemediation(self._connection)
        self.knowledge = RemoteKnowledge(self._connection)
        self.predictions = RemotePredictions(self._connection)
        self.questions = RemoteQuestions(self._connection)
        self.forecasts = RemoteForecasts(self._connection)
        self.advice = RemoteAdvice(self._connection)
        self.optimizations = RemoteOptimizations(self._connection)
        self.history = RemoteHistory(self._connection)
        self.upkeep = RemoteUpkeep(self._connection)
        self.sandboxes = RemoteSandboxes(self._connection)
        self.warming = RemoteWarming(self._connection)

    def close(self) -> None:
        """Let go of the connection, and of what was fetched over it."""
        self._copies.close()
        self._connection.close()
