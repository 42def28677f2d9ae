"""The pool where nothing has been made ready, or not yet; what it does on an engine is tested live."""

from types import SimpleNamespace
from typing import Any

import pytest

from orcaops.model.job import JobSpec
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.request import Ceilings
from orcaops.running.containers.warm_pool import WarmPool
from orcaops.running.engine.errors import EngineGoneError
from orcaops.testing.stores.builders import make_run


class NoEngine:
    """Has no image, nor anything else."""

    def facts(self) -> Any:
        return SimpleNamespace(local=False, cgroup_driver="cgroupfs")

    def image_facts(self, _image: str) -> dict[str, Any]:
        raise EngineGoneError("nobody listens")


@pytest.fixture
def pool() -> WarmPool:
    engine: Any = NoEngine()
    return WarmPool(Fleet(engine, "home-1", Ceilings(pids=1, memory_bytes=None)), None)


SPEC = JobSpec(image="busybox", command=("true",))


def test_no_job_misses_what_nobody_ever_meant_to_make(pool: WarmPool) -> None:
    assert not pool.expects(make_run(1), SPEC)
    with pytest.raises(EngineGoneError):
        pool.prepare(SPEC)
    assert pool.expects(make_run(1), SPEC)
    assert not pool.expects(make_run(1), SPEC.model_copy(update={"pull_policy": "always"}))


def test_one_that_is_closed_holds_nothing_any_more(pool: WarmPool) -> None:
    pool.close()
    assert pool.prepared() == pool.stood() == []
    assert pool.claim(make_run(1), SPEC) is None
    assert not pool.discard("warm-1", "expired")
