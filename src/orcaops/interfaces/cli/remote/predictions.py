"""Predictions of a server, under the names of :mod:`orcaops.services.predictions`."""

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.model.job import JobSpec
from orcaops.model.prediction import Forecasts


class RemotePredictions:
    """See :class:`orcaops.services.predictions.Predictions`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def predict(self, spec: JobSpec) -> Forecasts:
        """What is expected of a job."""
        body = spec.model_dump(mode="json", exclude_defaults=True)
        return self._connection.word(Forecasts, "POST", "/predictions", body=body)
