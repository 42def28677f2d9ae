"""Digest: which anomalies are worth a notice, and in which words. Pure."""

from collections.abc import Iterable, Iterator

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.identity import content_id
from orcaops.model.notice import Notice


def notices_of(anomalies: Iterable[Anomaly], least: Severity = Severity.WARNING) -> Iterator[Notice]:
    """One notice for each episode that is at least that severe.

    Its id follows from the episode and its severity, so that an episode is told once, and once more when it
    gets worse.
    """
    for anomaly in anomalies:
        if anomaly.severity.rank >= least.rank and anomaly.open:
            yield Notice(
                id=content_id("anomaly", anomaly.workspace, anomaly.id, anomaly.severity),
                workspace=anomaly.workspace,
                severity=anomaly.severity,
                title=anomaly.title,
                body=anomaly.description,
                at=anomaly.detected_at,
                subject="anomaly",
                subject_ids=(anomaly.id,),
                facts={"job_id": anomaly.job_id, "key": anomaly.key, "type": anomaly.type},
            )
