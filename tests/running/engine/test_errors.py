"""What engines say is told apart by what a person can do about it."""

import pytest
import requests
from docker.errors import APIError

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.running.containers.attempt import failed
from orcaops.running.containers.sandbox import _explained
from orcaops.running.engine.errors import CONFLICT, EngineFullError, EngineRefusedError, translated
from orcaops.running.executor import Failure


def said(text: str, status: int) -> APIError:
    answer = requests.Response()
    answer.status_code = status
    return APIError("an answer", answer, explanation=text)


def test_an_engine_without_room_is_told_from_one_that_says_no() -> None:
    with pytest.raises(EngineFullError, match="Make room") as full, translated():
        raise said("mkdir /var/lib/docker/overlay2/1-init: no space left on device", 500)
    assert full.value.status == 500
    with pytest.raises(EngineRefusedError) as refused, translated():
        raise said("invalid mount", 400)
    assert not isinstance(refused.value, EngineFullError)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('Conflict. The container name "/x" is already in use by container "1".', 409),  # Docker
        ('creating container storage: the container name "x" is already in use by 1', 500),  # Podman
    ],
)
def test_a_name_that_is_taken_is_a_conflict_on_every_engine(text: str, status: int) -> None:
    with pytest.raises(EngineRefusedError) as refused, translated():
        raise said(text, status)
    assert refused.value.status == CONFLICT


def test_a_sandbox_can_be_asked_for_again_when_there_is_room() -> None:
    with pytest.raises(OrcaError) as told, _explained("busybox"):
        raise EngineFullError("no space left on device", 500)
    assert told.value.code is ErrorCode.UNAVAILABLE
    assert "Make room" in told.value.message


def test_a_job_says_where_room_is_missing() -> None:
    outcome = failed(EngineFullError("no space left on device", 500), "busybox")
    assert outcome.failure is Failure.INFRASTRUCTURE
    assert "Make room where the engine keeps its data" in str(outcome.message)
