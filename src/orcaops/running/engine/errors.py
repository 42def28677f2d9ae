"""What an engine can do wrong, in four errors; the libraries below raise dozens."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from typing import Any

CONFLICT = 409
"""What is asked for contradicts what is there: a name is taken, a container is being removed."""

_NAME_IS_TAKEN = "is already in use"


class EngineError(Exception):
    """The engine did not do what was asked; the text says why, for people."""


class EngineGoneError(EngineError):
    """The engine does not answer (any more)."""


class ContainerGoneError(EngineGoneError):
    """The container is out of reach for good, whether the engine answers or not."""


class ImageMissingError(EngineError):
    """The image is neither on the engine nor could it be pulled."""


class EngineRefusedError(EngineError):
    """The engine answered, and said no; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class EngineFullError(EngineRefusedError):
    """The engine has no room where it keeps its data."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(f"{message.rstrip('.')}. Make room where the engine keeps its data", status)


@contextlib.contextmanager
def ignoring(*statuses: int) -> Iterator[None]:
    """Takes these answers of the engine for success."""
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        if error.status_code not in statuses:
            raise


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turns what docker-py and the libraries below it raise into the errors of this module."""
    from docker.errors import APIError, DockerException, ImageNotFound
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ImageNotFound as error:
        raise ImageMissingError(_reason(error)) from error
    except APIError as error:
        reason = _reason(error)
        refused = (
            EngineFullError if os.strerror(errno.ENOSPC).lower() in reason.lower() else EngineRefusedError
        )
        taken = _NAME_IS_TAKEN in reason  # Docker says 409 then, Podman 500
        raise refused(reason, CONFLICT if taken else error.status_code or 500) from error
    except (DockerException, RequestException, HTTPError, OSError, json.JSONDecodeError) as error:
        raise EngineGoneError(f"the container engine does not answer: {error}") from error


def _reason(error: Any) -> str:
    text = error.explanation or str(error)
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)).strip()
