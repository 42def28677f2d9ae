"""Questions to a server, under the names of :mod:`orcaops.services.questions`."""

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.model.inquiry import Question, Reply


class RemoteQuestions:
    """See :class:`orcaops.services.questions.Questions`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ask(self, question: Question) -> Reply:
        """The answer to a question."""
        body = question.model_dump(mode="json", exclude_defaults=True)
        return self._connection.word(Reply, "POST", "/ask", body=body)
