"""Writes the pages of docs/reference that the program itself knows best.

``python docs/generate.py`` writes them, ``--check`` says which are out of date (exit code 1).
"""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- written by `make docs` from the program itself; change it there -->\n"

KINDS = {
    "detector": "orcaops.learning.detectors",
    "predictor": "orcaops.learning.predictors",
    "forecaster": "orcaops.learning.forecasters",
    "advisor": "orcaops.improving.advisors",
    "reader": "orcaops.recording.readers",
    "executor": "orcaops.running.executors",
    "channel": "orcaops.notifying.channels",
}
GIVEN = {"name", "version"}  # fields of a plug-in that are its identity and not its parameters


def modules(package: str) -> Iterator[ModuleType]:
    """The modules of a folder of plug-ins, by name."""
    folder = importlib.import_module(package)
    for found in sorted(pkgutil.iter_modules(folder.__path__), key=lambda found: found.name):
        if not found.name.startswith("_"):
            yield importlib.import_module(f"{package}.{found.name}")


def shown(value: object) -> str:
    """A default as it is written in a table."""
    if value in ("", None, (), {}, []):
        return "none"
    if isinstance(value, tuple | list):
        return ", ".join(shown(part) for part in value)
    return f"`{value}`".replace("|", "\\|")


def words(docstring: str | None) -> str:
    """A docstring as a page shows it: examples fenced as code, roles dropped."""
    lines: list[str] = []
    fenced = False
    for line in inspect.cleandoc(docstring or "").splitlines():
        begins, ends = line.startswith(">>>") and not fenced, fenced and not line
        lines += (["```python"] if begins else []) + (["```"] if ends else []) + [line]
        fenced = (fenced or begins) and not ends
    text = "\n".join([*lines, "```"] if fenced else lines)
    return re.sub(r":[a-z]+:`~?([^`]+)`", r"`\1`", text)


def parameters(plugin: Any) -> str:
    """The table of a plug-in's parameters: its fields with their defaults."""
    fields = [field for field in dataclasses.fields(plugin) if field.name not in GIVEN and field.init]
    if not fields:
        return ""
    lines = [f"| `{field.name}` | {shown(getattr(plugin, field.name, None))} |" for field in fields]
    return "\n".join(["", "| parameter | default |", "|---|---|", *lines, ""])


def plug_ins() -> str:
    """One section per kind, one heading per file: its own words and its parameters."""
    text = "# Plug-ins\n\nWhat lies in the folders of the house, in its own words. Parameters are set in\n"
    text += "`orcaops.toml`, e.g. `[detectors.<name>]`. How to [add one](../how-to/add-a-detector.md).\n"
    for kind, package in KINDS.items():
        found = list(modules(package))
        if not found:
            continue
        text += f"\n## {kind.capitalize()}s\n"
        for module in found:
            plugin = getattr(module, kind, None)
            name = getattr(plugin, "name", None)
            said = [words(module.__doc__)]
            if dataclasses.is_dataclass(plugin):
                said += [words(type(plugin).__doc__), parameters(plugin)]
            text += f"\n### {name if isinstance(name, str) else module.__name__.rpartition('.')[2]}\n\n"
            text += (
                f"`{module.__name__.replace('.', '/')}.py`\n\n"
                + "\n\n".join(filter(None, said)).strip()
                + "\n"
            )
    return text


def settings(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted name; tables are walked into."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if inspect.isclass(annotation) and hasattr(annotation, "model_fields"):
            yield from settings(annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def configuration() -> str:
    """Every setting with its default, its variable and what it means."""
    config = importlib.import_module("orcaops.config")
    text = f"# Configuration\n\n{words(config.__doc__)}\n\n"
    text += "`orcaops config show --origin` shows the values in force and where each comes from.\n\n"
    text += "| setting | default | environment variable | meaning |\n|---|---|---|---|\n"
    for name, field in settings(config.Settings):
        default = (
            "`~/.orcaops`"
            if name == "home"
            else shown(config.written(name, field.get_default(call_default_factory=True)))
        )
        parts = name.split(".")[:2]  # a variable names a table's entry; what lies deeper is its JSON
        variable = "`ORCAOPS_" + "_".join(parts).upper() + ("` (JSON)" if name.count(".") > 1 else "`")
        text += f"| `{name}` | {default} | {variable} | {field.description or ''} |\n"
    return text


def helps(command: Any, path: str, parent: Any = None) -> Iterator[tuple[str, str]]:
    """The help of a command and of every command below it, by its full name."""
    click = importlib.import_module("click")
    context = click.Context(
        command,
        info_name=path.rpartition(" ")[2],
        parent=parent,
        **{"max_content_width": 100, **command.context_settings},
    )
    context.terminal_width = 100
    yield path, command.get_help(context)
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        below = command.get_command(context, name)
        if not below.hidden:
            yield from helps(below, f"{path} {name}", context)


def commands() -> str:
    """Every command as its own ``--help`` says it."""
    program = importlib.import_module("orcaops.interfaces.cli.main").cli
    text = "# Commands\n\nWhat `--help` says; [exit codes](../how-to/run-a-command.md#exit-codes).\n"
    for path, said in helps(program, "orcaops"):
        text += f"\n{'##' if path.count(' ') < 2 else '###'} {path}\n\n```text\n{said.rstrip()}\n```\n"
    return text


def listed(choices: Any) -> str:
    """The values of an enumeration, with what its source says beside each."""
    found = re.findall(r'^    [A-Z_]+ = "([^"]+)"(?:  # (.+))?$', inspect.getsource(choices), re.MULTILINE)
    if not any(said for _, said in found):
        return "- " + " ".join(f"`{value}`" for value, _ in found) + "\n"
    return "".join(f"- `{value}`: {said}\n" if said else f"- `{value}`\n" for value, said in found)


def search() -> str:
    """The search language with the values that are a closed list, and questions written as a line."""
    run, inquiry, anomaly = (
        importlib.import_module(f"orcaops.model.{name}") for name in ("run", "inquiry", "anomaly")
    )
    language = importlib.import_module("orcaops.recording.query")
    runs, questions = (words((module.__doc__ or "").partition("\n>>>")[0]) for module in (language, inquiry))
    return (
        f"# Search\n\n## Runs\n\n{runs.rstrip()}\n\n"
        f"Values of `status`:\n\n{listed(run.Status)}\nValues of `cause`:\n\n{listed(run.Cause)}\n"
        f"## Questions\n\n`orcaops ask` shows the line that it understood.\n\n{questions.rstrip()}\n\n"
        f"`KIND`, what is asked for:\n\n{listed(inquiry.Kind)}\n"
        f"`MEASURE`, what is measured of runs:\n\n{listed(inquiry.Measure)}\n"
        f"`SEVERITY`, of anomalies:\n\n{listed(anomaly.Severity)}\n"
        f"`FIELD`, what runs are grouped by: {shown(inquiry.GROUPS)}, `label:NAME`; spans of time: "
        f"{shown(inquiry.SPANS)}; counts of failures also by {shown(inquiry.WHAT_FAILED)}.\n"
    )


PAGES = {
    "plug-ins.md": plug_ins,
    "configuration.md": configuration,
    "commands.md": commands,
    "search.md": search,
}


def main() -> int:
    """Write every page, or with ``--check`` only compare."""
    stale = []
    for name, page in PAGES.items():
        path, text = REFERENCE / name, NOTE + page()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    done = "out of date, run `make docs`" if "--check" in sys.argv else "written"
    sys.stdout.write("".join(f"docs/reference/{name}: {done}\n" for name in stale))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
