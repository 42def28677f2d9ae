"""Engine: what is asked of a container engine, each a method.

All methods may be called from several threads at once; nothing here is held while an engine works.
Whatever goes wrong is one of the errors of :mod:`orcaops.running.engine.errors`.
"""

import base64
import contextlib
import json
import math
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from orcaops.running.engine.errors import (
    CONFLICT,
    EngineRefusedError,
    ImageMissingError,
    ignoring,
    translated,
)
from orcaops.running.engine.identity import ImageIdentity, identity_of
from orcaops.running.engine.reaching import ANSWER_WITHIN_S, PROBE_WITHIN_S, EngineFacts, facts_of, reach
from orcaops.running.engine.streams import Connection, LogStream

_PIECE = 1 << 18
_LINK = 1 << 27  # in the modes of Go, which engines send
_BETWEEN_STATES = "container state improper"  # as Podman says it of one that is just being stopped
_SETTLES_WITHIN_S = 10.0
_LOOK_AGAIN_S = 0.1
_UNKNOWN_FOR_S = 60.0  # an image that no registry knows may be pushed meanwhile


class Engine:
    """A connection to an engine, opened by the first call and kept.

    ``base_url`` overrides ``DOCKER_HOST``; without either the usual local sockets are tried.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = base_url
        self._lock = threading.Lock()
        self._client: Any = None
        self._facts: EngineFacts | None = None
        self._images: dict[str, tuple[float, dict[str, Any]]] = {}

    def facts(self) -> EngineFacts:
        """What the engine is. Raises :class:`EngineGoneError`."""
        self._api()
        assert self._facts is not None
        return self._facts

    def ping(self) -> None:
        """Raises :class:`EngineGoneError` unless the engine answers now, within three seconds."""
        client = self._api()
        with translated():
            client._result(client._get(client._url("/_ping", versioned_api=False), timeout=PROBE_WITHIN_S))

    def life(self) -> tuple[str, bool]:
        """Since when the engine has run, empty if it does not tell; whether its containers outlive it.

        Docker makes its first network anew whenever it starts, unless containers have outlived it.
        """
        client = self._api()
        try:
            made = str(self._ask("GET", "/networks/bridge")["Created"])
            with translated():
                return made, bool(client.info().get("LiveRestoreEnabled"))
        except EngineRefusedError:
            return "", True

    def create(self, name: str, body: dict[str, Any]) -> tuple[str, list[str]]:
        """A new container's id, and the engine's warnings. Raises :class:`ImageMissingError`."""
        answer = self._ask("POST", f"/containers/create?name={quote(name)}", body)
        return str(answer["Id"]), list(answer.get("Warnings") or ())

    def attach(self, container: str, *, stdin: bool = False) -> Connection:
        """A socket on which both streams arrive as they are written, each piece with a header.

        With ``stdin`` what is sent on it goes to the container's standard input.
        """
        client = self._api()
        with translated():
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
        with translated():
            answer = client.get(
                client._url("/containers/{0}/logs", container),
                params={"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow), "since": since},
                stream=True,
                timeout=(ANSWER_WITHIN_S, None),
            )
            client._raise_for_status(answer)
        return LogStream(answer)

    def start(self, container: str) -> None:
        """Start a container that was created."""
        self._ask("POST", f"/containers/{container}/start")

    def update(self, container: str, limits: dict[str, int]) -> list[str]:
        """Give a container other limits, running or not; the engine's warnings."""
        answer = self._ask("POST", f"/containers/{container}/update", limits) or {}
        return answer.get("Warnings") or []

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

    def identity(self, image_id: str, image: str | None = None) -> ImageIdentity:
        """By which names the engine knows an image that was used as ``image``.

        Asked once, and again after a minute as long as no registry knows it.
        """
        until, facts = self._images.get(image_id, (0.0, {}))
        if time.monotonic() >= until:
            client = self._api()
            with translated():
                facts = client.inspect_image(image_id)
            until = math.inf if facts.get("RepoDigests") else time.monotonic() + _UNKNOWN_FOR_S
            kept = {name: facts.get(name) for name in ("RepoDigests", "Size")}
            facts = {"Id": image_id, **kept}
            self._images[image_id] = until, facts
        return identity_of(facts, image)

    def kill(self, container: str, signal: str) -> None:
        """Send a signal to the main process; none to a container that has stopped."""
        client = self._api()
        with translated(), ignoring(404, 409):
            client.kill(container, signal)

    def stop(self, container: str, grace_s: float) -> None:
        """TERM to the main process, KILL after ``grace_s``; returns when it has stopped."""
        patience_s = grace_s + ANSWER_WITHIN_S
        with contextlib.suppress(EngineRefusedError):
            self._ask(
                "POST", f"/containers/{container}/stop?t={max(0, round(grace_s))}", timeout_s=patience_s
            )

    def exec_create(self, container: str, body: dict[str, Any]) -> str:
        """The id of a further process in a running container; it has not been started."""
        return str(self._ask("POST", f"/containers/{container}/exec", body)["Id"])

    def exec_start(self, exec_id: str) -> Connection:
        """Start it; a socket for its standard input and both streams, each piece with a header."""
        client = self._api()
        with translated():
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
        give_up = time.monotonic() + _SETTLES_WITHIN_S
        while True:
            try:
                self._ask("DELETE", f"/containers/{container}?v=1&force=1")
            except EngineRefusedError as error:
                if _BETWEEN_STATES in str(error) and time.monotonic() < give_up:
                    time.sleep(_LOOK_AGAIN_S)
                    continue
                if error.status not in (404, CONFLICT):  # CONFLICT: it is already being removed
                    raise
            return

    def remove_image(self, image: str) -> bool:
        """Remove an image by its name; false if a container, running or not, uses it, or it is not there."""
        try:
            self._ask("DELETE", f"/images/{quote(image, safe='/:@')}")
        except ImageMissingError:
            return False
        except EngineRefusedError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def pull(self, image: str, stopped: Callable[[], bool]) -> None:
        """Pull an image; ends early, without an error, once ``stopped()``.

        Raises :class:`ImageMissingError`.
        """
        client = self._api()
        name = image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"
        try:
            with translated(), contextlib.closing(client.pull(name, stream=True, decode=True)) as progress:
                for line in progress:
                    if stopped():
                        return
                    if "error" in line:
                        raise ImageMissingError(str(line["error"]).strip())
        except EngineRefusedError as error:
            raise ImageMissingError(str(error)) from error

    def archive(
        self, container: str, path: str, *, links: bool = True
    ) -> "contextlib.closing[Generator[bytes, None, None]] | None":
        """A tar stream of what lies at ``path``; None if nothing does, or a link and no ``links`` are wanted.

        Of a link Docker sends the link, and Podman what it leads to.
        """
        client = self._api()
        try:
            with translated():
                pieces, stat = client.get_archive(container, path, chunk_size=_PIECE)
        except EngineRefusedError as error:
            if error.status == 404:
                return None
            raise
        if not links and _is_link(stat):
            pieces.close()
            return None
        return contextlib.closing(pieces)

    def is_link(self, container: str, path: str) -> bool:
        """Whether a symbolic link lies at ``path``."""
        client = self._api()
        try:
            with translated():
                url = client._url("/containers/{0}/archive", container)
                answer = client.head(url, params={"path": path}, timeout=ANSWER_WITHIN_S)
                client._raise_for_status(answer)
        except EngineRefusedError as error:
            if error.status == 404:
                return False
            raise
        return _is_link(json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"])))

    def put_archive(self, container: str, folder: str, tar: Any) -> bool:
        """Unpack a tar stream in a folder of a container; false if there is no such folder.

        Refused where a file would take the place of a folder, or a folder that of a file.
        """
        client = self._api()
        try:
            with translated():  # docker-py's own method would let it replace a whole folder
                url = client._url("/containers/{0}/archive", container)
                kept = {"path": folder, "noOverwriteDirNonDir": "true"}
                client._raise_for_status(client._put(url, params=kept, data=tar))
        except EngineRefusedError as error:
            if error.status == 404:
                return False
            raise
        return True

    def changed_paths(self, container: str) -> list[str]:
        """Everything that was added or changed in the container's own file system, mounts left out."""
        client = self._api()
        with translated():
            return [change["Path"] for change in client.diff(container) or () if change["Kind"] != 2]

    def stats(self, container: str) -> Iterator[dict[str, Any]]:
        """The engine's own figures, about one a second, until the container ends."""
        client = self._api()
        with translated():
            yield from client.stats(container, decode=True, stream=True)

    def images(self) -> list[str]:
        """References of the images that the engine holds, the smallest image first."""
        client = self._api()
        with translated():
            held = sorted(client.images(), key=lambda image: image["Size"])
        names = (name for image in held for name in image.get("RepoTags") or ())
        return [name for name in names if name != "<none>:<none>"]

    def containers(self, label: str) -> list[tuple[str, str, dict[str, str]]]:
        """(id, state, labels) of the containers that carry the label."""
        client = self._api()
        with translated():
            found = client.containers(all=True, filters={"label": label})
        return [(each["Id"], str(each["State"]), each["Labels"]) for each in found]

    def labelled(self, label: str) -> list[tuple[str, str, str, dict[str, str]]]:
        """(kind, id, name, labels) of containers, networks and volumes that carry the label."""
        client = self._api()
        wanted = {"label": label}
        with translated():
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
        with translated(), ignoring(404):
            client.remove_network(network)

    def remove_volume(self, volume: str) -> None:
        """Remove a volume, if it is there."""
        client = self._api()
        with translated(), ignoring(404):
            client.remove_volume(volume, force=True)

    def _ask(
        self, method: str, path: str, body: Any = None, *, timeout_s: float | None = ANSWER_WITHIN_S
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
        with translated():
            adapter = client.get_adapter(request.url)
            answer = adapter.send(request, timeout=timeout_s, verify=client.verify, cert=client.cert)
            client._raise_for_status(answer)
            return answer.json() if answer.content else None

    def _api(self) -> Any:
        if self._client is None:
            with self._lock:
                if self._client is None:
                    with translated():
                        client = reach(self._base_url)
                        self._facts = facts_of(client)
                        self._client = client
                        weakref.finalize(self, client.close)
        return self._client


def _is_link(stat: Mapping[str, Any] | None) -> bool:
    return bool(stat and int(stat.get("mode", 0)) & _LINK)
