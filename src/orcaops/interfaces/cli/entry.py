"""The first lines of ``orcaops``: whether a warm process can do it at once, or this one has to get ready.

Importing what a run needs takes longer than a small container. So ``orcaops run --image …`` leaves a
warm process behind for a while (``warm.py``), and the next one is handed over to it before anything
is imported here.
"""

import sys

from orcaops.interfaces.cli.endings import end_at_once


def main() -> None:
    """The program."""
    end_at_once()
    arguments = sys.argv[1:]
    if _can_be_handed_over(arguments):
        from orcaops.interfaces.cli.handing_over import hand_over

        code = hand_over(arguments)
        if code is not None:
            sys.exit(code)
    from orcaops.interfaces.cli.main import main as get_ready

    get_ready()


def _can_be_handed_over(arguments: list[str]) -> bool:
    """Only jobs in containers: one on this machine inherits the limits of whoever starts it."""
    if arguments[:1] != ["run"]:
        return False
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return any(each == "--image" or each.startswith("--image=") for each in own)


if __name__ == "__main__":
    main()
