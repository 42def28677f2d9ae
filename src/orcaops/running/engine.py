"""Engine: the one module that speaks to a container engine, over docker-py's low-level client.

Any engine that speaks the Docker API will do (Docker, Podman); ``DOCKER_HOST`` and its relatives are
honoured. All methods may be called from several threads at once; nothing here is held while an
engine works. Whatever goes wrong is one of three errors.
"""

import contextlib
import json
import os
import select
import socket
import threading
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

_LOCAL_SOCKETS = (
    "/var/run/docker.sock",
    "{runtime}/docker.sock",
    "{home}/.docker/run/docker.sock",
    "/run/podman/podman.sock",
    "{runtime}/podman/podman.sock",
)
_OLDEST_API = (1, 40)
_NEWEST_API = (1, 47)  # the newest whose answers this module knows
_ANSWER_WITHIN_S = 120.0
_PROBE_WITHIN_S = 3.0
_CONNECTIONS_KEPT = 64
_PIECE = 1 << 18


class EngineError(Exception):
    """The engine did not do what was asked; the text says why, for people."""


class EngineGoneError(EngineError):
    """The engine does not answer (any more)."""


class ImageMissingError(EngineError):
    """The image is neither on the engine nor could it be pulled."""


class EngineRefusedError(EngineError):
    """The engine answered, and said no; ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What an engine is: asked once per connection."""

    name: str
    version: str
    api_version: str
    cgroup_version: int
    cgroup_driver: str
    local: bool
    security: tuple[str, ...] = ()
    """What sets its containers apart, by name: ``seccomp``, ``selinux``, ``userns``, ``rootless``…"""


class Connection:
    """A connection over which an engine sends a container's output as it is written."""

    def __init__(self, answer: Any, stream: Any) -> None:
        self._answer = answer
        self._stream = stream
        # Below docker-py's file object lies a socket, or whatever SSH has instead.
        self._socket = getattr(stream, "_sock", stream)
        if hasattr(self._socket, "settimeout"):
            self._socket.settimeout(None)

    def receive(self, most: int) -> bytes:
        """What has arrived, at least one byte; empty when the engine has ended the connection."""
        data: bytes = self._socket.recv(most)
        return data

    def send(self, data: bytes) -> None:
        """Write to the container's standard input. Raises ``OSError`` where the connection is gone."""
        self._socket.sendall(data)

    def wait_at_most(self, timeout_s: float | None) -> None:
        """How long :meth:`receive` waits before it raises ``TimeoutError``; None is for ever."""
        self._socket.settimeout(timeout_s)

    def is_open(self) -> bool:
        """Whether the other end is still there and has said nothing since it was last listened to."""
        poll = select.poll()
        try:
            poll.register(self._socket, select.POLLIN | select.POLLHUP | select.POLLERR)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False

    def end_input(self) -> None:
        """Let the container's standard input end."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def shut_down(self) -> None:
        """End the wait of whoever receives."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of everything."""
        for part in (self._answer, self._stream, self._socket):
            with contextlib.suppress(OSError, ValueError):  # ValueError: it has gone with the part before
                part.close()


class LogStream:
    """An engine's log of a container, to be read like a file until the container has ended."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        with _translated():
            data: bytes = self._answer.raw.read(size)
        return data

    def shut_down(self) -> None:
        """End the wait of whoever reads."""
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._answer.close()


class Engine:
    """A connection to an engine, opened by the first call and kept.

    ``base_url`` overrides ``DOCKER_HOST``; without either the usual local sockets are tried.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = base_url
        self._lock = threading.Lock()
        self._client: Any = None
        self._facts: EngineFacts | None = None
        self._digests: dict[str, str] = {}
        self._sizes: dict[str, int | None] = {}

    def facts(self) -> EngineFacts:
        """What the engine is. Raises :class:`EngineGoneError`."""
        self._api()
        assert self._facts is not None
        return self._facts

    def ping(self) -> None:
        """Raises :class:`EngineGoneError` unless the engine answers now, within three seconds."""
        client = self._api()
        with _translated():
            client._result(client._get(client._url("/_ping", versioned_api=False), timeout=_PROBE_WITHIN_S))

    def create(self, name: str, body: dict[str, Any]) -> tuple[str, list[str]]:
        """A new container's id, and the engine's warnings. Raises :class:`ImageMissingError`."""
        answer = self._ask("POST", f"/containers/create?name={quote(name)}", body)
        return str(answer["Id"]), list(answer.get("Warnings") or ())

    def attach(self, container: str, *, stdin: bool = False) -> "Connection":
        """A socket on which both streams arrive as they are written, each piece with a header.

        With ``stdin`` what is sent on it goes to the container's standard input.
        """
        client = self._api()
        with _translated():
            answer = client.post(
                client._url("/containers/{0}/attach", container),
                params={"stdout": 1, "stderr": 1, "stream": 1} | ({"stdin": 1} if stdin else {}),
                headers={"Connection": "Upgrade", "Upgrade": "tcp"},
                stream=True,
            )
            return Connection(answer, client._get_raw_response_socket(answer))

    def logs(self, container: str, *, since: str, follow: bool = True) -> LogStream:
        """What the engine's log holds of a container from then on, each piece with its time and a header."""
        client = self._api()
        with _translated():
            answer = client.get(
                client._url("/containers/{0}/logs", container),
                params={"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow), "since": since},
                stream=True,
                timeout=(_ANSWER_WITHIN_S, None),
            )
            client._raise_for_status(answer)
        return LogStream(answer)

    def start(self, container: str) -> None:
        """Start a container that was created."""
        self._ask("POST", f"/containers/{container}/start")

    def wait(self, container: str, timeout_s: float | None = None) -> int:
        """Wait until the container has stopped; its exit status.

        Raises :class:`EngineGoneError` after ``timeout_s``.
        """
        return int(self._ask("POST", f"/containers/{container}/wait", timeout_s=timeout_s)["StatusCode"])

    def inspect(self, container: str) -> dict[str, Any]:
        """Everything about a container."""
        answer: dict[str, Any] = self._ask("GET", f"/containers/{container}/json")
        return answer

    def image_facts(self, image: str) -> dict[str, Any]:
        """Everything about an image that the engine holds. Raises :class:`ImageMissingError`."""
        try:
            answer: dict[str, Any] = self._ask("GET", f"/images/{quote(image, safe='/:@')}/json")
        except EngineRefusedError as error:
            if error.status == 404:
                raise ImageMissingError(str(error)) from error
            raise
        return answer

    def rename(self, container: str, name: str) -> None:
        """Give a container another name, if it is there."""
        with contextlib.suppress(EngineRefusedError):
            self._ask("POST", f"/containers/{container}/rename?name={quote(name)}")

    def image_digest(self, image_id: str) -> str:
        """The digest by which a registry knows the image, or else the image's own id; asked once."""
        if image_id not in self._digests:
            client = self._api()
            with _translated():
                facts = client.inspect_image(image_id)
            known = facts.get("RepoDigests") or ()
            self._sizes[image_id] = facts.get("Size")
            self._digests[image_id] = known[0].partition("@")[2] if known else image_id
        return self._digests[image_id]

    def image_size(self, image_id: str) -> int | None:
        """The bytes of an image whose digest was asked for, unpacked; None where the engine does not say."""
        return self._sizes.get(image_id)

    def kill(self, container: str, signal: str) -> None:
        """Send a signal to the main process; none to a container that has stopped."""
        client = self._api()
        with _translated(), _ignoring(404, 409):
            client.kill(container, signal)

    def stop(self, container: str, grace_s: float) -> None:
        """TERM to the main process, KILL after ``grace_s``; returns when it has stopped."""
        patience_s = grace_s + _ANSWER_WITHIN_S
        with contextlib.suppress(EngineRefusedError):
            self._ask(
                "POST", f"/containers/{container}/stop?t={max(0, round(grace_s))}", timeout_s=patience_s
            )

    def exec_create(self, container: str, body: dict[str, Any]) -> str:
        """The id of a further process in a running container; it has not been started."""
        return str(self._ask("POST", f"/containers/{container}/exec", body)["Id"])

    def exec_start(self, exec_id: str) -> "Connection":
        """Start it; a socket for its standard input and both streams, each piece with a header."""
        client = self._api()
        with _translated():
            answer = client.post(
                client._url("/exec/{0}/start", exec_id),
                data=json.dumps({"Detach": False, "Tty": False}),
                headers={"Content-Type": "application/json", "Connection": "Upgrade", "Upgrade": "tcp"},
                stream=True,
            )
            client._raise_for_status(answer)
            return Connection(answer, client._get_raw_response_socket(answer))

    def exec_facts(self, exec_id: str) -> dict[str, Any]:
        """Whether it runs, its exit code, and its process id on the engine's host."""
        answer: dict[str, Any] = self._ask("GET", f"/exec/{exec_id}/json")
        return answer

    def remove(self, container: str) -> None:
        """Remove a container, running or not, with its anonymous volumes, if it is there."""
        try:
            self._ask("DELETE", f"/containers/{container}?v=1&force=1")
        except EngineRefusedError as error:
            if error.status not in (404, 409):  # 409: it is already being removed
                raise

    def pull(self, image: str, stopped: Callable[[], bool]) -> None:
        """Pull an image; ends early, without an error, once ``stopped()``.

        Raises :class:`ImageMissingError`.
        """
        client = self._api()
        name = image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"
        try:
            with _translated(), contextlib.closing(client.pull(name, stream=True, decode=True)) as progress:
                for line in progress:
                    if stopped():
                        return
                    if "error" in line:
                        raise ImageMissingError(str(line["error"]).strip())
        except EngineRefusedError as error:
            raise ImageMissingError(str(error)) from error

    def archive(self, container: str, path: str) -> "contextlib.closing[Generator[bytes, None, None]] | None":
        """A tar stream of what lies at ``path``; None if nothing does."""
        client = self._api()
        try:
            with _translated():
                pieces, _ = client.get_archive(container, path, chunk_size=_PIECE)
        except EngineRefusedError as error:
            if error.status == 404:
                return None
            raise
        return contextlib.closing(pieces)

    def put_archive(self, container: str, folder: str, tar: Any) -> bool:
        """Unpack a tar stream in a folder of a container; false if there is no such folder."""
        client = self._api()
        try:
            with _translated():
                client.put_archive(container, folder, tar)
        except EngineRefusedError as error:
            if error.status == 404:
                return False
            raise
        return True

    def changed_paths(self, container: str) -> list[str]:
        """Everything that was added or changed in the container's own file system, mounts left out."""
        client = self._api()
        with _translated():
            return [change["Path"] for change in client.diff(container) or () if change["Kind"] != 2]

    def stats(self, container: str) -> Iterator[dict[str, Any]]:
        """The engine's own figures, about one a second, until the container ends."""
        client = self._api()
        with _translated():
            yield from client.stats(container, decode=True, stream=True)

    def images(self) -> list[str]:
        """References of the images that the engine holds, the smallest image first."""
        client = self._api()
        with _translated():
            held = sorted(client.images(), key=lambda image: image["Size"])
        names = (name for image in held for name in image.get("RepoTags") or ())
        return [name for name in names if name != "<none>:<none>"]

    def containers(self, label: str) -> list[tuple[str, str, dict[str, str]]]:
        """(id, state, labels) of the containers that carry the label."""
        client = self._api()
        with _translated():
            found = client.containers(all=True, filters={"label": label})
        return [(each["Id"], str(each["State"]), each["Labels"]) for each in found]

    def labelled(self, label: str) -> list[tuple[str, str, str, dict[str, str]]]:
        """(kind, id, name, labels) of containers, networks and volumes that carry the label."""
        client = self._api()
        wanted = {"label": label}
        with _translated():
            containers = client.containers(all=True, filters=wanted)
            networks = client.networks(filters=wanted)
            volumes = client.volumes(filters=wanted).get("Volumes") or ()
        return [
            *(("container", c["Id"], c["Names"][0].lstrip("/"), c["Labels"]) for c in containers),
            *(("network", n["Id"], n["Name"], n.get("Labels") or {}) for n in networks),
            *(("volume", v["Name"], v["Name"], v.get("Labels") or {}) for v in volumes),
        ]

    def remove_network(self, network: str) -> None:
        """Remove a network, if it is there."""
        client = self._api()
        with _translated(), _ignoring(404):
            client.remove_network(network)

    def remove_volume(self, volume: str) -> None:
        """Remove a volume, if it is there."""
        client = self._api()
        with _translated(), _ignoring(404):
            client.remove_volume(volume, force=True)

    def _ask(
        self, method: str, path: str, body: Any = None, *, timeout_s: float | None = _ANSWER_WITHIN_S
    ) -> Any:
        """The answer to a request that every run makes; None if it is empty.

        It goes to the client's adapter directly: the session around it looks for cookies, redirects and
        hooks, of which an engine has none, and that costs more than the request itself.
        """
        from requests import PreparedRequest
        from requests.structures import CaseInsensitiveDict

        client = self._api()
        request = PreparedRequest()
        request.method = method
        request.url = client._url(path)
        request.body = b"" if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        request.headers = CaseInsensitiveDict({**kind, "Content-Length": str(len(request.body))})
        with _translated():
            adapter = client.get_adapter(request.url)
            answer = adapter.send(request, timeout=timeout_s, verify=client.verify, cert=client.cert)
            client._raise_for_status(answer)
            return answer.json() if answer.content else None

    def _api(self) -> Any:
        if self._client is None:
            with self._lock:
                if self._client is None:
                    with _translated():
                        client = self._connect()
                        self._facts = _facts_of(client)
                        self._client = client
                        weakref.finalize(self, client.close)
        return self._client

    def _connect(self) -> Any:
        from docker import APIClient
        from docker.utils import kwargs_from_env

        options = kwargs_from_env()
        if self._base_url:
            options["base_url"] = self._base_url
        options.setdefault("base_url", _local_socket())
        _knock(options["base_url"])
        client = APIClient(
            **options,
            version="{}.{}".format(*_OLDEST_API),  # none is negotiated: `_facts_of` sees what the ping says
            timeout=_ANSWER_WITHIN_S,
            max_pool_size=_CONNECTIONS_KEPT,
        )
        client.trust_env = (
            False  # proxies of the environment are for the internet; looking them up costs 1 ms
        )
        return client


def _local_socket() -> str | None:
    places = {"runtime": os.environ.get("XDG_RUNTIME_DIR", "/run"), "home": str(Path.home())}
    for pattern in _LOCAL_SOCKETS:
        path = pattern.format(**places)
        if Path(path).is_socket():
            return f"unix://{path}"
    return None


def _knock(base_url: str | None) -> None:
    """Say in plain words that nobody listens at a local socket, before docker-py says it in its own."""
    if base_url is None:
        raise EngineGoneError("no container engine was found at any of the usual places")
    path = base_url.removeprefix("http+").removeprefix("unix://")
    if path == base_url:
        return
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(_PROBE_WITHIN_S)
        try:
            door.connect(path)
        except OSError as error:
            raise EngineGoneError(f"no container engine answers at {path}: {error.strerror}") from error


def _facts_of(client: Any) -> EngineFacts:
    answer = client.get(client._url("/_ping", versioned_api=False), timeout=_PROBE_WITHIN_S)
    client._raise_for_status(answer)
    offered = tuple(int(part) for part in answer.headers.get("Api-Version", "1.40").split("."))
    client._version = "{}.{}".format(*min(max(offered, _OLDEST_API), _NEWEST_API))
    facts = client.info()
    return EngineFacts(
        name="Podman" if "Libpod-API-Version" in answer.headers else "Docker",
        version=str(facts.get("ServerVersion", "?")),
        api_version=client._version,
        cgroup_version=int(facts.get("CgroupVersion") or 1),
        cgroup_driver=str(facts.get("CgroupDriver", "")),
        local=client.base_url == "http+docker://localhost",
        security=tuple(_security_names(facts.get("SecurityOptions") or ())),
    )


def _security_names(options: Iterable[str]) -> Iterator[str]:
    """The names in ``["name=seccomp,profile=default", …]``."""
    for option in options:
        fields = dict(part.partition("=")[::2] for part in option.split(","))
        if name := fields.get("name"):
            yield name


@contextlib.contextmanager
def _ignoring(*statuses: int) -> Iterator[None]:
    from docker.errors import APIError

    try:
        yield
    except APIError as error:
        if error.status_code not in statuses:
            raise


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turns what docker-py and the libraries below it raise into the errors of this module."""
    from docker.errors import APIError, DockerException, ImageNotFound
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ImageNotFound as error:
        raise ImageMissingError(_reason(error)) from error
    except APIError as error:
        raise EngineRefusedError(_reason(error), error.status_code or 500) from error
    except (DockerException, RequestException, HTTPError, OSError, json.JSONDecodeError) as error:
        raise EngineGoneError(f"the container engine does not answer: {error}") from error


def _reason(error: Any) -> str:
    text = error.explanation or str(error)
    return (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)).strip()
