"""What every store must hold about failures, as tests to inherit; see :mod:`orcaops.testing.stores`."""
# ruff: noqa: D102  the name of a check says what it checks

from datetime import timedelta
from typing import Any

from orcaops.model.diagnosis import Diagnosis, Evidence, EvidenceLine, PassingLines, Trial
from orcaops.model.solution import Atom
from orcaops.recording.knowledge import Teaching
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START


def make_evidence(number: int, **changes: Any) -> Evidence:
    """What a log told; ``number`` makes its job's id."""
    fields: dict[str, Any] = {
        "job_id": f"job-{number:04}",
        "lines": (EvidenceLine(offset=7, text="error: ünï 雪"),),
        "line_count": 3,
        "signature": "s1",
        "family": "test",
        "kind": "line:error",
        "label": "error",
        "text": "error",
        "infrastructure_probability": 0.2,
        "knowledge": "v1",
    }
    return Evidence.model_validate(fields | changes)


def make_diagnosis(number: int, **changes: Any) -> Diagnosis:
    """An opinion about a failed run; ``number`` makes its job's id, its place and its time."""
    fields: dict[str, Any] = {
        "job_id": f"job-{number:04}",
        "key": "name:t",
        "number": number,
        "at": START + timedelta(minutes=number),
        "signature": "s1",
        "family": "test",
        "kind": "line:error",
        "text": "error",
        "infrastructure_probability": 0.2,
        "knowledge": "v1",
        "has_lines": True,
        "circumstance": f"c{number}",
    }
    return Diagnosis.model_validate(fields | changes)


def make_trial(number: int, **changes: Any) -> Trial:
    """What was tried after a failure."""
    fields: dict[str, Any] = {
        "job_id": f"job-{number:04}",
        "next_job_id": f"job-{number + 1:04}",
        "number": number + 1,
        "at": START,
        "signature": "s1",
        "family": "test",
        "circumstance": "c",
        "atoms": (Atom(kind="memory", before="1", after="2"),),
        "helped": True,
    }
    return Trial.model_validate(fields | changes)


class KnowledgeConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_evidence_is_kept_once(self, store: Store) -> None:
        first = make_evidence(1)
        with store.write() as transaction:
            transaction.evidence.add(first)
            transaction.evidence.add(make_evidence(1, text="another"))
        with store.read() as transaction:
            assert transaction.evidence.find("default", ["job-0001", "job-0002"]) == {"job-0001": first}
            assert transaction.evidence.find("team", ["job-0001"]) == {}

    def test_the_same_lines_of_passing_runs_are_kept_once_with_their_last_time(self, store: Store) -> None:
        with store.write() as transaction:
            for minutes, lines in ((0, ("a",)), (1, ("b",)), (2, ("a",))):
                at = START + timedelta(minutes=minutes)
                transaction.evidence.add_passing(PassingLines(key="k", job_id="j", at=at, lines=lines))
        with store.read() as transaction:
            assert [one.lines for one in transaction.evidence.passing("default", 10)] == [("a",), ("b",)]
            assert len(transaction.evidence.passing("default", 1)) == 1

    def test_diagnoses_are_found_by_what_they_are_about(self, store: Store) -> None:
        some = [make_diagnosis(n, signature=f"s{n % 2}") for n in range(1, 5)]
        with store.write() as transaction:
            transaction.diagnoses.put_many(some)
        with store.read() as transaction:
            here = transaction.diagnoses
            assert list(here.each()) == some
            assert [one.number for one in here.of_signature("default", "s1", 10)] == [3, 1]
            assert [one.number for one in here.of_family("default", "test", 3)] == [4, 3, 2]
            assert here.find("default", ["job-0002"])["job-0002"] == some[1]
            assert here.latest_number() == 4
            assert [one.number for one in here.awaited("default", ["name:t", "name:u"])] == [1, 2, 3, 4]
            assert here.awaited("team", ["name:t"]) == []

    def test_a_diagnosis_is_replaced_with_its_patterns(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.diagnoses.put_many([make_diagnosis(1, patterns=("a.b", "c.d"))])
            transaction.diagnoses.put_many(
                [
                    make_diagnosis(1, patterns=("c.d",), awaited=False),
                    make_diagnosis(2, patterns=("c.d", "a.b")),
                ]
            )
        with store.read() as transaction:
            seen = transaction.diagnoses.seen("default")
            assert {its_id: one.count for its_id, one in seen.items()} == {"c.d": 2, "a.b": 1}
            assert seen["c.d"].last_at == START + timedelta(minutes=2)
            assert transaction.diagnoses.seen("default", ["a.b"]).keys() == {"a.b"}
            assert transaction.diagnoses.first_of("default") == {"c.d": 2}
            assert [one.number for one in transaction.diagnoses.awaited("default", ["name:t"])] == [2]

    def test_failures_are_counted_and_grouped(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.diagnoses.put_many(
                [
                    *(make_diagnosis(n, circumstance=f"c{n % 2}") for n in range(1, 4)),
                    make_diagnosis(4, signature="s2"),
                    make_diagnosis(5, patterns=("a.b",)),
                    make_diagnosis(6, signature="s3", by_engine="oom_killed", has_lines=False),
                ]
            )
        with store.read() as transaction:
            assert transaction.diagnoses.counts("default") == (6, 1, 1, {"oom_killed": 1})
            first, second = transaction.diagnoses.recurring("default", least=1, limit=10)
            assert (first.signature, first.count, first.circumstances) == ("s1", 3, 2)
            assert first.latest == ("job-0003", "job-0002", "job-0001")
            assert second.signature == "s2"
            assert len(transaction.diagnoses.recurring("default", least=2, limit=10)) == 1

    def test_what_another_version_matched_is_found(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.diagnoses.put_many(
                [make_diagnosis(1), make_diagnosis(2, knowledge="v2"), make_diagnosis(3, has_lines=False)]
            )
        with store.read() as transaction:
            assert [one.number for one in transaction.diagnoses.outdated("default", "v2", 10)] == [1]
            assert transaction.diagnoses.outdated_count("default", "v2") == 1

    def test_trials_are_found_by_what_they_follow(self, store: Store) -> None:
        some = [make_trial(n, signature=f"s{n % 2}") for n in range(1, 5)]
        with store.write() as transaction:
            transaction.diagnoses.add_trials(some)
            transaction.diagnoses.put_many([make_diagnosis(2, patterns=("a.b",))])
        with store.read() as transaction:
            here = transaction.diagnoses
            assert [one.job_id for one in here.trials_of("default", signature="s1")] == [
                "job-0003",
                "job-0001",
            ]
            assert len(here.trials_of("default", family="test", limit=3)) == 3
            assert here.trials_of("default", pattern_id="a.b") == [some[1]]
            assert list(here.each_trial()) == some

    def test_what_is_taught_stays_when_opinions_are_dropped(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.diagnoses.put_many([make_diagnosis(1, patterns=("a.b",))])
            transaction.diagnoses.add_trials([make_trial(1)])
            transaction.evidence.add(make_evidence(1))
            transaction.teachings.put(Teaching("default", "pattern", "a.b", "active", {"x": 1}))
            transaction.drop_opinions()
        with store.read() as transaction:
            assert list(transaction.diagnoses.each()) == []
            assert list(transaction.diagnoses.each_trial()) == []
            assert transaction.diagnoses.seen("default") == {}
            assert transaction.evidence.find("default", ["job-0001"])
            assert [one.id for one in transaction.teachings.of("default", "pattern")] == ["a.b"]

    def test_the_version_of_what_is_taught_changes_with_it(self, store: Store) -> None:
        versions = []
        with store.write() as transaction:
            here = transaction.teachings
            versions.append(here.version("default"))
            here.put(Teaching("default", "pattern", "a.b", "active", {"x": 1}))
            versions.append(here.version("default"))
            here.put(Teaching("default", "pattern", "a.b", "active", {"x": 2}))
            versions.append(here.version("default"))
            assert here.version("team") == versions[0]
            here.put(Teaching("default", "solution", "s", "active", {}))
            assert here.version("default") == versions[-1], "solutions match nothing"
            assert here.remove("default", "pattern", "a.b")
            assert not here.remove("default", "pattern", "a.b")
            assert here.version("default") == versions[0]
        assert len(set(versions)) == 3
