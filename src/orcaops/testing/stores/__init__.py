"""What every store must hold, as tests to inherit.

.. code-block:: python

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def url(self, tmp_path):
            return f"sqlite:///{tmp_path}/orcaops.db"

Each test gets an empty database of its own; several stores may be open on one ``url`` at once. Each noun
has a file here; what tests are made of is in :mod:`orcaops.testing.stores.builders`.
"""

from collections.abc import Iterator

import pytest

from orcaops.recording.sql import open_store
from orcaops.recording.store import Store
from orcaops.testing.stores.anomalies import AnomaliesConformance
from orcaops.testing.stores.baselines import BaselinesConformance
from orcaops.testing.stores.builders import (
    ODD,
    START,
    above,
    all_pages,
    equal,
    ids,
    like,
    make_anomaly,
    make_run,
    refused,
)
from orcaops.testing.stores.confirmations import ConfirmationsConformance
from orcaops.testing.stores.decisions import DecisionsConformance
from orcaops.testing.stores.knowledge import KnowledgeConformance
from orcaops.testing.stores.memories import MemoriesConformance
from orcaops.testing.stores.neighbours import NeighboursConformance
from orcaops.testing.stores.notices import NoticesConformance
from orcaops.testing.stores.optimizations import OptimizationsConformance
from orcaops.testing.stores.processes import ProcessesConformance
from orcaops.testing.stores.recommendations import RecommendationsConformance
from orcaops.testing.stores.runs import RunsConformance
from orcaops.testing.stores.sandboxes import SandboxesConformance
from orcaops.testing.stores.searching import SearchConformance
from orcaops.testing.stores.whole import WholeConformance

__all__ = [
    "ODD",
    "START",
    "StoreConformance",
    "above",
    "all_pages",
    "equal",
    "ids",
    "like",
    "make_anomaly",
    "make_run",
    "refused",
]


class StoreConformance(
    RunsConformance,
    NeighboursConformance,
    SearchConformance,
    MemoriesConformance,
    BaselinesConformance,
    AnomaliesConformance,
    RecommendationsConformance,
    OptimizationsConformance,
    DecisionsConformance,
    NoticesConformance,
    ConfirmationsConformance,
    KnowledgeConformance,
    SandboxesConformance,
    ProcessesConformance,
    WholeConformance,
):
    """The contract of :mod:`orcaops.recording.store`."""

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        """An empty store at ``url``."""
        store = open_store(url)
        yield store
        store.close()
