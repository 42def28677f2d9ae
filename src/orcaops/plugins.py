"""Plug-ins: how detectors, predictors, forecasters, advisors, readers and executors are found.

A plug-in lies in its folder of the package and is found because it lies there; it can also come from
a single file in a configured folder, or from an installed distribution's entry point. Its module
holds one object under the name of its kind (``detector``, ``predictor``, ``forecaster``, ``advisor``).
"""

import dataclasses
import importlib
import importlib.util
import logging
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from orcaops.model.errors import invalid

log = logging.getLogger(__name__)

PACKAGES = {
    "detector": "orcaops.learning.detectors",
    "predictor": "orcaops.learning.predictors",
    "forecaster": "orcaops.learning.forecasters",
    "advisor": "orcaops.improving.advisors",
}
"""For each kind the package in which shipped plug-ins lie; its entry point group is ``orcaops.<kind>s``."""

_NEEDED = {"forecaster": ("fewest_hours", "forecast"), "advisor": ("concerns", "advise")}
"""What a plug-in of a kind must have to be asked at all; of learners the loop finds it out, and says so."""


def find(
    kind: str, folders: Iterable[Path] = (), parameters: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Any]:
    """All plug-ins of a kind, ordered by name, with the parameters that the configuration sets.

    A plug-in of an outsider that cannot be loaded is reported in the log and left out; two of one
    name, or a parameter that a plug-in does not have, raise ``invalid``.
    """
    found: dict[str, tuple[Any, str]] = {}
    for plugin, origin in _candidates(kind, folders):
        name = getattr(plugin, "name", None)
        if not isinstance(name, str):
            log.error("%s holds a %s without a name; it is left out", origin, kind)
            continue
        missing = [each for each in _NEEDED.get(kind, ()) if not hasattr(plugin, each)]
        if missing:
            log.error("the %s %s of %s has no %s; it is left out", kind, name, origin, missing[0])
            continue
        if name in found:
            raise invalid(
                f"two {kind}s are called {name!r}",
                where=f"{found[name][1]} and {origin}",
                hint="Rename one of them.",
            )
        found[name] = (plugin, origin)
    parameters = parameters or {}
    unknown = sorted(set(parameters) - set(found))
    if unknown:
        raise invalid(
            f"there is no {kind} called {unknown[0]!r}",
            where=f"[{kind}s.{unknown[0]}]",
            hint=f"Known: {', '.join(sorted(found)) or 'none'}.",
        )
    return [_configured(kind, name, found[name][0], parameters.get(name, {})) for name in sorted(found)]


def _candidates(kind: str, folders: Iterable[Path]) -> Iterator[tuple[Any, str]]:
    package = importlib.import_module(PACKAGES[kind])
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        if hasattr(module, kind):
            yield getattr(module, kind), module.__name__
    for folder in folders:
        for path in sorted(folder.expanduser().glob("*.py")):
            loaded = _from_file(path)
            if loaded is not None and hasattr(loaded, kind):
                yield getattr(loaded, kind), str(path)
    for entry in sorted(entry_points(group=f"orcaops.{kind}s"), key=lambda entry: entry.name):
        try:
            yield entry.load(), f"entry point {entry.value}"
        except Exception:
            log.exception("the %s at entry point %s cannot be loaded; it is left out", kind, entry.value)


def _from_file(path: Path) -> ModuleType | None:
    name = f"orcaops_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except Exception:
        log.exception("the plug-in %s cannot be loaded; it is left out", path)
        del sys.modules[name]
        return None
    return module


def _configured(kind: str, name: str, plugin: Any, parameters: Mapping[str, Any]) -> Any:
    if not parameters:
        return plugin
    known = {field.name for field in dataclasses.fields(plugin)}
    for parameter in parameters:
        if parameter not in known:
            raise invalid(
                f"the {kind} {name!r} has no parameter {parameter!r}",
                where=f"[{kind}s.{name}]",
                hint=f"It has: {', '.join(sorted(known)) or 'none'}.",
            )
    return dataclasses.replace(plugin, **parameters)
