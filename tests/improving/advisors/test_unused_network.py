"""Networks that are never used."""

from orcaops.improving.advisors.unused_network import UnusedNetwork
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Usage
from orcaops.testing.advisors import a_dossier, a_run, told

SPEC = JobSpec(name="a", command=("make",), network="bridge")


def runs(
    received: int, n: int = 12, *, sent: int = 0, exact: bool = True, cause: Cause = Cause.SUCCESS
) -> list[Run]:
    usage = Usage(network_received_bytes=received, network_sent_bytes=sent, exact=exact)
    return [a_run(number, spec=SPEC, usage=usage, cause=cause) for number in range(n)]


def test_it_is_taken_away_where_no_run_used_it() -> None:
    failed = a_run(20, spec=SPEC, cause=Cause.INFRASTRUCTURE)
    (found,) = told(UnusedNetwork(), a_dossier([failed, *runs(400)]))
    assert found.action == "--network none"
    assert found.evidence["most_bytes_received"] == 400


def test_it_is_silent_where_one_run_used_it_or_nothing_was_measured() -> None:
    assert not told(UnusedNetwork(), a_dossier([*runs(1_000_000, 1), *runs(400)]))
    assert not told(UnusedNetwork(), a_dossier([a_run(n, spec=SPEC) for n in range(20)]))


def test_a_request_of_a_few_words_is_a_use() -> None:
    assert not told(UnusedNetwork(), a_dossier(runs(721, sent=525)))


def test_what_was_not_measured_to_the_end_says_nothing() -> None:
    assert not told(UnusedNetwork(), a_dossier(runs(90, exact=False)))


def test_runs_that_failed_before_they_came_to_use_it_say_nothing() -> None:
    assert not told(UnusedNetwork(), a_dossier(runs(90, cause=Cause.COMMAND_FAILED)))
