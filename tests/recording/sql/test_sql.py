"""The room's door: one function."""

import subprocess
import sys
from pathlib import Path

from orcaops.recording.sql import open_store


def test_a_store_is_opened_again_and_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/orcaops.db"
    for _ in range(3):
        store = open_store(url)
        with store.write() as transaction:
            transaction.set_watermark(transaction.watermark() + 1)
        store.close()
    store = open_store(url, create=False)
    with store.read() as transaction:
        assert transaction.watermark() == 3
    store.close()


def test_importing_the_door_loads_no_database() -> None:
    script = "import sys, orcaops.recording.sql; assert not {'sqlalchemy', 'alembic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
