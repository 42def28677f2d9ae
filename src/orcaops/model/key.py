"""Baseline keys: what "the same work" means.

>>> key_of(image="python:3.11", command_line="pytest", name=None)
'image:python:3.11|command:pytest'
>>> mask_volatile("report --run 3f2b8c1e-7a5d-4c3b-9e1f-0a2b4c6d8e0f --out /tmp/x81/a --day 2026-11-22")
'report --run <uuid> --out <tmp> --day <date>'
"""

import hashlib
import re
from functools import lru_cache

_LONGEST_COMMAND = 200

# In this order: a UUID holds hex, a date holds numbers. The look behind a date stands after its first
# digit, because digits are found fast and looking behind every letter is slow.
_VOLATILE = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<uuid>"),
    (re.compile(r"(?:/private)?(?:/var)?/tmp/[^\s'\";,:|&)]+"), "<tmp>"),
    (
        re.compile(
            r"[12](?<![0-9A-Za-z].)[0-9]{3}(?P<between>[-/])[01][0-9](?P=between)[0-3][0-9]"
            r"(?:[T_ ](?![12][0-9]{3}[-/][01][0-9][-/])"  # a second date is not the first one's time
            r"[0-2][0-9][:.-]?[0-5][0-9](?:[:.-]?[0-5][0-9])?"
            r"(?:\.[0-9]+)?(?:Z|[+-][0-2][0-9]:?[0-5][0-9](?![0-9-]))?)?(?![0-9])"
        ),
        "<date>",
    ),
    # Without separators it is a date where a time follows, or an underscore stands beside it; else a number.
    (
        re.compile(
            r"[12](?<![0-9A-Za-z].)[0-9]{3}[01][0-9][0-3][0-9]"
            r"(?:[T_][0-2][0-9][0-5][0-9](?:[0-5][0-9])?Z?|(?<=_[0-9]{8})|(?=_))(?![0-9A-Za-z])"
        ),
        "<date>",
    ),
    # Commit ids and digests: hex of 7–64 with both a digit and a letter, so that words stay.
    (
        re.compile(r"(?<![0-9A-Za-z_])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}(?![0-9A-Za-z_])"),
        "<hex>",
    ),
    (re.compile(r"(?<![0-9A-Za-z_.])[0-9]{5,}(?![0-9A-Za-z_]|\.[0-9])"), "<n>"),
)
_SPACE = re.compile(r"\s+")


@lru_cache(maxsize=4096)
def mask_volatile(command_line: str) -> str:
    """A command line with what changes from run to run masked, and its white space collapsed.

    UUIDs, dates, temporary paths, commit ids and numbers of five digits or more become
    ``<uuid>``, ``<date>``, ``<tmp>``, ``<hex>``, ``<n>``. Ports and versions stay.
    """
    line = _SPACE.sub(" ", command_line).strip()
    for pattern, mask in _VOLATILE:
        line = pattern.sub(mask, line)
    return line


def key_of(*, image: str | None, command_line: str, name: str | None) -> str:
    """The baseline key of a job: by its name if it has one, else by image and command.

    A masked command of more than 200 letters is cut there and completed by a digest of the whole.
    """
    if name:
        return f"name:{name}"
    return f"image:{image or 'host'}|command:{masked_command(command_line)}"


STEP_BEHIND = "|step:"
"""What stands between the key of a job and one of its steps."""


def key_of_step(key: str, label: str) -> str:
    """The baseline key of a step of a job: that of the job, and the step's command."""
    return f"{key}{STEP_BEHIND}{label}"


def masked_command(command_line: str) -> str:
    """The command part of a key: masked, and bounded in length."""
    masked = mask_volatile(command_line)
    if len(masked) <= _LONGEST_COMMAND:
        return masked
    digest = hashlib.blake2b(masked.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{masked[:_LONGEST_COMMAND]}…{digest}"
