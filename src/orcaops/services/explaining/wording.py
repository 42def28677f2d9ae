"""Wording: texts of a run and of its job as parts of sentences of ours."""

import json
import re

from orcaops.learning.failures.masking import plain
from orcaops.model.job import DEFAULT_WORKSPACE
from orcaops.model.run import Run

_TURNING = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069]")


def there(run: Run, command: str) -> str:
    """A command that works in the run's workspace; what is known of failures is the same in all."""
    if run.workspace == DEFAULT_WORKSPACE or command.startswith("orcaops kb "):
        return command
    return f"{command} --workspace {run.workspace}"


def work(run: Run) -> str:
    """What a run is called: by its name, else its command."""
    return short(run.name or run.command or run.key, 100)


def said(text: str) -> str:
    """What a job printed as a title: between quotation marks that nothing in it can close."""
    return json.dumps(short(text), ensure_ascii=False)


def short(text: str, most: int = 200) -> str:
    """A text from elsewhere as part of a sentence of ours: one line, bounded, without control letters.

    Nor has it letters that turn the direction of what follows, or that nobody sees.
    """
    line = " ".join(_TURNING.sub("", plain(text.replace("\r", " ").replace("\n", " "))).split())
    return line if len(line) <= most else line[: most - 1] + "…"
