"""Configuration: what can be set, its defaults, and where each value came from.

A value is looked for in this order, and the first that has it wins: a command-line flag, an
environment variable, ``./orcaops.toml``, the user's file (``~/.config/orcaops/orcaops.toml`` or as
the platform has it), the default. ``ORCAOPS_<SECTION>_<NAME>`` is the environment variable of
``name`` in ``[section]``; ``ORCAOPS_HOME``, ``ORCAOPS_URL`` and ``ORCAOPS_TOKEN`` stand for themselves.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from orcaops.guarding.policy import Policy
from orcaops.model.errors import invalid
from orcaops.model.quantities import (
    MIB,
    Duration,
    Size,
    parse_duration,
    parse_size,
    write_duration,
    write_size,
)
from orcaops.notifying.settings import NotifySettings, masked

FILE_NAME = "orcaops.toml"
_PASSWORD = re.compile(r"(://[^/@:]*:)[^/]*@")


class Section(BaseModel):
    """A table of the configuration file; an unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StoreSettings(Section):
    """Where facts, opinions and decisions are kept."""

    url: str | None = Field(None, description="Database URL; null is SQLite in the home folder.")


class RunSettings(Section):
    """How jobs run where they do not say it themselves."""

    executor: str | None = Field(None, description="Executor of jobs without an image.")
    grace_s: Annotated[float, Field(ge=0, le=3600)] = Field(3.0, description="Seconds between TERM and KILL.")
    pids: Annotated[int, Field(ge=1)] = Field(512, description="Most processes of a container.")
    timeout: Duration | None = Field(None, description="Total timeout of a job that names none.")
    engine_wait: Duration = Field(
        60.0,
        description="How long a container engine that has gone away is waited for, and the runs in it; by a "
        "run in the foreground half a minute at most.",
    )
    log_limit: Size = Field(256 * MIB, description="Most output kept per run; beyond it the middle is cut.")
    index_limit: Size = Field(1 * MIB, description="Most output per run that text search looks into.")


class ServerSettings(Section):
    """``orcaops serve``."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8750, description="Port; 0 lets the system choose.")
    concurrency: Annotated[int, Field(ge=1, le=1024)] = Field(8, description="Most runs at the same time.")
    queue_limit: Annotated[int, Field(ge=1)] = Field(10_000, description="Most runs that may wait.")


class LearningSettings(Section):
    """What counts as normal."""

    alpha: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="Learning rate of the moving average."
    )
    needed: Annotated[int, Field(ge=2)] = Field(10, description="Successes until a baseline is established.")
    stale_after_days: Annotated[float, Field(gt=0)] = Field(
        30.0, description="Age at which it stops judging."
    )
    confirm: Literal["off", "failures", "anomalies", "all"] = Field(
        "off",
        description="What a server runs once more to confirm it: doubtful failures, critical durations "
        "and memory, or both.",
    )
    confirm_per_hour: Annotated[int, Field(ge=0)] = Field(6, description="Most such reruns in an hour.")
    confirm_keys: tuple[str, ...] = Field(
        (),
        description="Jobs that may be run again without harm, by key: `name:test-*`. Beside them those with "
        "the label `orcaops.rerun=allowed`.",
    )


class RetentionSettings(Section):
    """How long things are kept; ``orcaops gc`` does it."""

    logs_days: Annotated[float, Field(gt=0)] = Field(90.0, description="Age at which logs go.")
    artifacts_days: Annotated[float, Field(gt=0)] = Field(30.0, description="Age at which artifacts go.")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError(f"there is no time zone {name!r}; write e.g. 'Europe/Berlin'") from None
    return name


class ForecastSettings(Section):
    """``orcaops forecast``, and what a run costs."""

    prices: Path | None = Field(
        None, description="Price file (TOML); null is `prices.toml` in the home folder."
    )
    time_zone: Annotated[str, AfterValidator(_known_zone)] = Field(
        "UTC", description="Time zone in which the work has its day and week."
    )
    holidays: tuple[date, ...] = Field((), description="Days that are like Sundays: `[2026-12-25]`.")
    wait_goal: Duration = Field(60.0, description="How long a run may wait at most before it starts.")


class OptimizationSettings(Section):
    """What retries may change; what is optimised at all is decided with ``orcaops optimize``."""

    raise_to: Annotated[float, Field(ge=1, le=16)] | None = Field(
        None,
        description="A retry may raise the limit that ran out to so many times the job's own; 1: never; "
        "null: twice where the field's mode is `auto`, else never.",
    )


class SandboxSettings(Section):
    """``orcaops sandbox``."""

    idle_limit: Duration = Field(1800.0, description="How long nobody uses a sandbox until it is idle.")
    lifetime: Duration = Field(86400.0, description="How long a sandbox may be there at all.")
    clean_idle: bool = Field(False, description="Whether a server removes idle ones by itself.")
    most: Annotated[int, Field(ge=1)] = Field(32, description="Most sandboxes of a workspace.")
    templates: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description='Kinds to make by name: `py = {image = "python:3.12", memory = "1g"}`.',
    )


class WarmSettings(Section):
    """What a server holds ready for jobs to come; its budget."""

    mode: Literal["off", "suggest", "auto"] = Field(
        "suggest", description="`auto` holds containers ready, `suggest` only says what it would hold."
    )
    worth_minutes: Annotated[float, Field(ge=1, le=100_000)] = Field(
        120.0, description="How many minutes of a waiting container one avoided cold start is worth."
    )
    containers: Annotated[int, Field(ge=0, le=256)] = Field(4, description="Most containers that wait.")
    memory: Size = Field(
        1024 * MIB, description="Most memory that waiting containers may be allowed together."
    )
    disk: Size = Field(20 * 1024 * MIB, description="Most disk for images of jobs, to pull some ahead.")
    minutes_per_day: Annotated[float, Field(ge=0)] = Field(
        1440.0, description="Most minutes of waiting within 24 hours, over all containers."
    )


class AiSettings(Section):
    """A language model, for who wants one. Without it everything works, and nothing leaves this machine."""

    model: str | None = Field(
        None, description="`openai:NAME`, `anthropic:NAME` …; with a base_url only its name. Null: none."
    )
    base_url: str | None = Field(
        None, description="Address of any server that speaks OpenAI's chat API, a local one too."
    )
    key_env: str = Field("ORCAOPS_AI_KEY", description="Variable with the key for base_url.")
    timeout: Duration = Field(30.0, description="How long an answer may take.")
    evidence_tokens: Annotated[int, Field(ge=200, le=100_000)] = Field(
        3000, description="Most tokens that are sent."
    )
    answer_tokens: Annotated[int, Field(ge=50, le=20_000)] = Field(
        1000, description="Most tokens that come back."
    )
    ask: bool = Field(False, description="Whether it also reads questions that the rules are unsure of.")


class PluginSettings(Section):
    """Plug-ins beside the shipped ones."""

    dirs: tuple[Path, ...] = Field((), description="Folders whose files are plug-ins.")


class Settings(Section):
    """Everything that can be set."""

    home: Path = Field(description="Folder that holds all state.")
    url: str | None = Field(None, description="Server that the commands talk to; null works locally.")
    url_wait: Duration = Field(
        120.0,
        description="How long a command waits for a server that has gone away, as in a restart. One that "
        "could not be reached from the beginning is not waited for.",
    )
    token: str | None = Field(None, description="Bearer token for that server, and of ours when serving.")
    workspace: str = Field("default", description="Workspace of the commands.")
    store: StoreSettings = StoreSettings()
    run: RunSettings = RunSettings()
    server: ServerSettings = ServerSettings()
    learning: LearningSettings = LearningSettings()
    retention: RetentionSettings = RetentionSettings()
    forecast: ForecastSettings = ForecastSettings()
    optimization: OptimizationSettings = OptimizationSettings()
    sandboxes: SandboxSettings = SandboxSettings()
    warm: WarmSettings = WarmSettings()
    ai: AiSettings = AiSettings()
    plugins: PluginSettings = PluginSettings()
    notify: NotifySettings = NotifySettings()
    policy: Policy = Policy()
    detectors: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Parameters of detectors.")
    predictors: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Parameters of predictors."
    )
    forecasters: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Parameters of forecasters."
    )
    advisors: dict[str, dict[str, Any]] = Field(default_factory=dict, description="Parameters of advisors.")

    @property
    def store_url(self) -> str:
        """The database URL in force."""
        return self.store.url or f"sqlite:///{self.home / 'orcaops.db'}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One value in force, and where it came from."""

    name: str
    value: Any
    origin: str

    @property
    def written(self) -> Any:
        """The value as people write it: a duration and a size with a unit."""
        return written(self.name, self.value)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in force, with the origin of each."""

    settings: Settings
    origins: Mapping[str, str]

    def each(self) -> Iterator[Setting]:
        """Every setting by its dotted name, secrets masked."""
        for name, value in _flatten(self.settings.model_dump(mode="json")):
            shown = "***" if name == "token" and value else value
            if name == "store.url" and value:
                shown = _PASSWORD.sub(r"\1***@", value)
            yield Setting(name, masked(name, shown), self._origin(name))

    def _origin(self, name: str) -> str:
        while name:
            if name in self.origins:
                return self.origins[name]
            name = name.rpartition(".")[0]
        return "default"


def written(name: str, value: Any) -> Any:
    """The value of a setting as people write it: a duration and a size with a unit."""
    kinds: dict[Any, Callable[[Any], str]] = {parse_duration: write_duration, parse_size: write_size}
    for each in _annotations(Settings, name):
        if isinstance(each, BeforeValidator) and each.func in kinds and value is not None:
            return kinds[each.func](value)
    return value


def _annotations(owner: type[BaseModel], dotted: str) -> Iterator[Any]:
    """What is said of the type of a setting beside the type itself."""
    first, _, rest = dotted.partition(".")
    field = owner.model_fields.get(first)
    if field is None:
        return
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
        yield from _annotations(field.annotation, rest)
        return
    yield from field.metadata
    for part in get_args(field.annotation):
        yield from getattr(part, "__metadata__", ())


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user_file: Path | None = None,
) -> Configuration:
    """The configuration in force for a process in ``folder``.

    ``flags`` are dotted names with values, as given on the command line; None values are passed over.
    Raises ``invalid`` naming the file, the variable or the flag whose value cannot be.
    """
    environment = os.environ if environment is None else environment
    user_file = user_file or _user_file(environment)
    layers = [
        _file_layer(user_file),
        _file_layer((folder or Path.cwd()) / FILE_NAME),
        _environment_layer(environment),
        {
            name: (value, f"flag --{name.rpartition('.')[2]}")
            for name, value in (flags or {}).items()
            if value is not None
        },
    ]
    merged: dict[str, tuple[Any, str]] = {"home": (Path("~/.orcaops"), "default")}
    for layer in layers:
        for name in layer:  # a whole table and its parts must not both stay
            for old in [known for known in merged if known.startswith(name + ".")]:
                del merged[old]
        merged.update(layer)
    document: dict[str, Any] = {}
    for name, (value, _) in merged.items():
        _put(document, name, value)
    document["home"] = _expanded(Path(document["home"]), where=merged["home"][1])
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        origins = {known: origin for known, (_, origin) in merged.items()}
        raise invalid(
            f"{name}: {first['msg']}",
            where=_nearest(origins, name),
            hint="`orcaops config show --origin` lists what can be set and where values come from.",
        ) from None
    return Configuration(settings, {name: origin for name, (_, origin) in merged.items()})


def _expanded(home: Path, *, where: str) -> Path:
    try:
        return home.expanduser().absolute()
    except RuntimeError:  # HOME is not set, and the system knows no such user
        raise invalid(
            f"home: {str(home)!r} cannot be found, because nobody knows of that user's folder",
            where=where,
            hint="Name a folder that can be written to: ORCAOPS_HOME=/path, or --home /path.",
        ) from None


def _user_file(environment: Mapping[str, str]) -> Path | None:
    """Where a user's own settings stand; None for a user without a folder of their own."""
    named = environment.get("ORCAOPS_CONFIG")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    try:
        return user_config_path("orcaops") / FILE_NAME
    except RuntimeError:  # HOME is not set, and the system knows no such user
        return None


def _file_layer(path: Path | None) -> dict[str, tuple[Any, str]]:
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise invalid(
            f"cannot be read: {error}", where=str(path), hint="Mend the file or move it away."
        ) from None
    unknown = [name for name in document if name not in Settings.model_fields]
    if unknown:
        raise invalid(
            f"nothing is called {unknown[0]!r}",
            where=str(path),
            hint=f"What can be set: {', '.join(Settings.model_fields)}.",
        )
    return {name: (value, str(path)) for name, value in _flatten(document)}


def _environment_layer(environment: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    layer: dict[str, tuple[Any, str]] = {}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        names = (
            [f"{name}.{part}" for part in section.model_fields]
            if isinstance(section, type) and issubclass(section, BaseModel)
            else [name]
        )
        for dotted in names:
            variable = "ORCAOPS_" + dotted.replace(".", "_").upper()
            if environment.get(variable, "") != "":
                layer[dotted] = (_from_text(dotted, environment[variable], variable), variable)
    return layer


def _from_text(dotted: str, text: str, variable: str) -> Any:
    """A list or table in a variable is JSON or, for a list, separated by commas."""
    section, _, part = dotted.rpartition(".")
    owner = Settings.model_fields[section].annotation if section else Settings
    annotation = owner.model_fields[part].annotation  # type: ignore[union-attr]
    if text.startswith(("[", "{")):
        try:
            return TypeAdapter(Any).validate_json(text)
        except ValueError as error:
            raise invalid(f"is not JSON: {error}", where=variable) from None
    return text.split(",") if "tuple" in str(annotation) else text


def _flatten(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _put(document: dict[str, Any], dotted: str, value: Any) -> None:
    *path, last = dotted.split(".")
    for part in path:
        inner = document.setdefault(part, {})
        if not isinstance(inner, dict):
            inner = document[part] = {}
        document = inner
    document[last] = value


def _nearest(origins: Mapping[str, str], name: str) -> str:
    while name and name not in origins:
        name = name.rpartition(".")[0]
    return origins.get(name, "configuration")
