"""Sandboxes and what stood ready, on both databases."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops.recording.sql import open_store
from orcaops.recording.store import Store
from orcaops.testing.stores_sandboxes import SandboxStoreConformance


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


class TestSqlite(SandboxStoreConformance):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/home/orcaops.db"


@pytest.mark.postgres
class TestPostgresql(SandboxStoreConformance):
    @pytest.fixture
    def url(self) -> Iterator[str]:
        """A schema of its own, dropped at the end."""
        from sqlalchemy import create_engine, make_url, text

        server = make_url(os.environ["ORCAOPS_TEST_POSTGRES"]).set(drivername="postgresql+psycopg")
        name = f"test_{uuid.uuid4().hex}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
        yield server.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(
            hide_password=False
        )
        with engine.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        engine.dispose()
