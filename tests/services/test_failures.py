"""Failed runs explained, through the door."""

import pytest

from orcaops.app import App
from orcaops.model.errors import ErrorCode, OrcaError


def test_an_unknown_job_is_not_found(app: App) -> None:
    with pytest.raises(OrcaError) as caught:
        app.failures.debug("default", "nobody")
    assert caught.value.code is ErrorCode.NOT_FOUND
