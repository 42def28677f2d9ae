"""Networks that are never used."""

from orcaops.improving.advisors.unused_network import UnusedNetwork
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Usage
from orcaops.testing.advisors import a_dossier, a_run, told

SPEC = JobSpec(name="a", command=("make",), network="bridge")


def runs(received: int, n: int = 12) -> list[Run]:
    usage = Usage(network_received_bytes=received, network_sent_bytes=0)
    return [a_run(number, spec=SPEC, usage=usage) for number in range(n)]


def test_it_is_taken_away_where_no_run_used_it() -> None:
    failed = a_run(20, spec=SPEC, cause=Cause.INFRASTRUCTURE)
    (found,) = told(UnusedNetwork(), a_dossier([failed, *runs(400)]))
    assert found.action == "--network none"
    assert found.evidence["most_bytes"] == 400


def test_it_is_silent_where_one_run_used_it_or_nothing_was_measured() -> None:
    assert not told(UnusedNetwork(), a_dossier([*runs(1_000_000, 1), *runs(400)]))
    assert not told(UnusedNetwork(), a_dossier([a_run(n, spec=SPEC) for n in range(20)]))
