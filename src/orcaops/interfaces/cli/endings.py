"""What ends a command from outside: ^C, a request to end, a terminal that was closed.

Each ends it in order, with 128 + its number. What whoever started it had set aside (``nohup``, a job of a
script in the background) stays set aside.
"""

# What is imported here, every `orcaops run` in a container waits for.
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_endings(act: Callable[[int, FrameType | None], object]) -> None:
    """From now on, ``act`` is called with the number of whatever is to end this process, in a thread.

    In a thread, because the main one notices a signal only between two instructions of Python: one that comes
    in the moment before it begins to wait would be heard when the waiting is over.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(heard, act), daemon=True).start()
    _install(_leave_it)


def _listen(heard: int, act: Callable[[int, FrameType | None], object]) -> None:
    while number := os.read(heard, 1):
        if number[0] in ENDINGS:
            act(number[0], None)


def _leave_it(_number: int, _frame: FrameType | None) -> None:
    """What the main thread does: nothing. That there is a handler makes the number go to the listener."""


def _install(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def end_in_order() -> None:
    """From now on, what is open is closed before this process ends."""
    if threading.current_thread() is threading.main_thread():
        _install(_end)


def end_at_once() -> None:
    """From now on, and while nothing is open yet, this process ends without a word."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_now(number: int) -> NoReturn:
    """End this process from any thread, with the exit code that an ending stands for; nothing is closed."""
    os._exit(128 + number)


def heed_all() -> None:
    """Heed every ending again, also those that whoever started this process had set aside."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
