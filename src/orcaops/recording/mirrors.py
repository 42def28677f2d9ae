"""Readable mirrors of the database: ``baselines.json`` and ``anomalies/<date>.jsonl`` in the home folder.

They are for people and scripts; nothing in OrcaOps reads them. Each is replaced as a whole, so a reader
never meets half a file. Writing the baselines costs one pass over all of them, so it is due every two
seconds at most, whichever process asks, and less often the larger the mirror has become: about a hundredth
of the time goes into it. Anomalies are few, and the file of their day is written when there is a new one.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import orjson

from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.recording.private_files import replacing

AT_MOST_EVERY_S = 2.0
BYTES_PER_S = 100_000
"""How fast a mirror may be rewritten in the long run: a hundredth of what a slow machine can do."""


class Mirrors:
    """The mirrors below one home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._mark: int | None = None

    def due(self, mark: int) -> bool:
        """Whether something was learned since this process last wrote (``mark`` is the watermark), and no
        process has written for two seconds, or longer where there is much to write."""
        if mark == self._mark:
            return False
        try:
            written = (self._home / "baselines.json").stat()
        except OSError:
            return True
        return not 0 <= time.time() - written.st_mtime < max(AT_MOST_EVERY_S, written.st_size / BYTES_PER_S)

    def write(self, mark: int, baselines: Iterable[Baseline], anomalies: Iterable[Anomaly]) -> None:
        """Replace the files. Raises ``OSError`` where the disk does not let us; the old files stay."""
        write_baselines(self._home, baselines)
        write_anomalies(self._home, anomalies)
        self._mark = mark

    def write_days(self, anomalies: Iterable[Anomaly]) -> None:
        """Replace the files of the days of these anomalies: all of each day are given."""
        write_anomalies(self._home, anomalies)


def write_baselines(home: Path, baselines: Iterable[Baseline]) -> int:
    """Replace ``baselines.json``: one object, ``{"baselines": {workspace: {key: baseline}}}``.

    ``baselines`` come ordered by workspace, as the store gives them, and are written as they come.
    Returns how many there were.
    """
    count = 0
    workspace: str | None = None
    with replacing(home / "baselines.json") as file:
        file.write(b'{"baselines": {')
        for baseline in baselines:
            if baseline.workspace != workspace:
                file.write(b"\n" if workspace is None else b"\n},\n")
                file.write(orjson.dumps(baseline.workspace) + b": {\n")
                workspace = baseline.workspace
            else:
                file.write(b",\n")
            file.write(orjson.dumps(baseline.key) + b": " + baseline.model_dump_json().encode())
            count += 1
        file.write(b"\n}}}\n" if count else b"}}\n")
    return count


def write_anomalies(home: Path, anomalies: Iterable[Anomaly]) -> int:
    """Replace ``anomalies/<date>.jsonl`` for every day (UTC) on which one of ``anomalies`` was detected.

    All anomalies of a day are to be given together, in any order; the files of other days stay, and a file
    that would not change is not written. Returns how many files were.
    """
    days: dict[str, list[tuple[float, str, bytes]]] = defaultdict(list)
    for anomaly in anomalies:
        line = anomaly.model_dump_json().encode() + b"\n"
        day = anomaly.detected_at.date().isoformat()
        days[day].append((anomaly.detected_at.timestamp(), anomaly.id, line))
    written = 0
    for day, lines in days.items():
        lines.sort()
        text = b"".join(line for _, _, line in lines)
        path = home / "anomalies" / f"{day}.jsonl"
        with suppress(OSError):
            if path.read_bytes() == text:
                continue
        with replacing(path) as file:
            file.write(text)
        written += 1
    return written
