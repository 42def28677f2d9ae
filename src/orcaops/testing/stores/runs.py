"""What every store must hold of runs: kept as they were, claimed once, numbered, counted."""
# ruff: noqa: D102  the name of a check says what it checks

import threading
from datetime import timedelta

from orcaops.model.errors import ErrorCode
from orcaops.model.query import EVERYTHING, Compare, Comparison
from orcaops.model.run import Context, Status, Usage
from orcaops.model.test_case import CaseStatus, TestCase
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START, equal, ids, make_run, refused


class RunsConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_a_run_is_read_back_as_it_was(self, store: Store) -> None:
        rich = make_run(
            1,
            name="nightly",
            labels={"team": "a", "ünï": "雪"},
            context=Context(commit="abc", branch="main", host="h1", env_names=("A",), attributes={"x": "y"}),
            intent="find out",
            message="ok",
            signal=9,
        )
        with store.write() as transaction:
            transaction.runs.add(rich)
        with store.read() as transaction:
            assert transaction.runs.get("default", rich.job_id) == rich

    def test_an_id_is_used_once_in_a_workspace(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
            transaction.runs.add(make_run(1, workspace="other"))
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.runs.add(make_run(1))
        with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
            transaction.runs.get("third", "job-0001")

    def test_only_new_runs_are_added(self, store: Store) -> None:
        with store.write() as transaction:
            assert transaction.runs.add_new([make_run(1), make_run(2), make_run(1)]) == 2
            assert transaction.runs.add_new([make_run(n) for n in range(1, 5)]) == 2
            assert transaction.runs.add_new([]) == 0
        with store.read() as transaction:
            assert ids(transaction.runs.each("default")) == ["job-0001", "job-0002", "job-0003", "job-0004"]

    def test_a_final_record_is_not_changed(self, store: Store) -> None:
        queued = make_run(1, status=Status.QUEUED, cause=None, finished_at=None, labels={"a": "1"})
        final = make_run(1, labels={"a": "2"})
        with store.write() as transaction:
            transaction.runs.add(queued)
            assert ids(transaction.runs.open_runs()) == ["job-0001"]
            assert transaction.runs.owners() == {None}
            transaction.runs.save(queued.changed(status=Status.RUNNING, owner="me"))
            assert transaction.runs.owners() == {"me"}
            assert ids(transaction.runs.open_runs(Status.RUNNING)) == ["job-0001"]
            assert transaction.runs.open_runs(Status.QUEUED) == []
            transaction.runs.save(final)
            transaction.runs.save(final.changed(number=7))  # says nothing new
            assert transaction.runs.open_runs() == []
            assert transaction.runs.owners() == set()
            assert transaction.runs.get("default", "job-0001") == final
            assert ids(transaction.runs.page("default", equal("label", "2", "a")).items) == ["job-0001"]
            assert ids(transaction.runs.page("default", equal("label", "1", "a")).items) == []
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.runs.save(final.changed(status=Status.FAILED))
        with refused(ErrorCode.NOT_FOUND), store.write() as transaction:
            transaction.runs.save(make_run(2))

    def test_runs_of_one_moment_all_have_a_place(self, store: Store) -> None:
        same = [make_run(n, submitted_at=START) for n in range(1200)]
        with store.write() as transaction:
            assert transaction.runs.add_new(same[:700]) == 700
        with store.write() as transaction:
            assert transaction.runs.add_new(same[700:]) == 500
            transaction.runs.add(make_run(2000, submitted_at=START - timedelta(microseconds=1)))
        with store.read() as transaction:
            found = ids(transaction.runs.each("default"))
            assert sorted(found) == sorted(set(found))
            assert len(found) == 1201
            assert found[0] == "job-2000"

    def test_a_queued_run_is_claimed_once_oldest_first(self, store: Store) -> None:
        queued = [make_run(n, status=Status.QUEUED, cause=None, finished_at=None) for n in (2, 1, 3)]
        elsewhere = make_run(0, status=Status.QUEUED, cause=None, finished_at=None, workspace="other")
        with store.write() as transaction:
            transaction.runs.add_new([*queued, elsewhere, make_run(9)])
        claimed: list[str] = []
        lock = threading.Lock()

        def take(owner: str) -> None:
            while True:
                with store.write() as transaction:
                    run = transaction.runs.claim("default", owner)
                if run is None:
                    return
                assert run.owner == owner
                with lock:
                    claimed.append(run.job_id)

        threads = [threading.Thread(target=take, args=(f"owner-{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == ["job-0001", "job-0002", "job-0003"]
        with store.write() as transaction:
            anywhere = transaction.runs.claim(None, "me")
            assert anywhere is not None
            assert (anywhere.workspace, anywhere.owner) == ("other", "me")
            assert transaction.runs.claim(None, "me") is None

    def test_the_learning_order(self, store: Store) -> None:
        late = make_run(1, finished_at=START + timedelta(days=1))
        with store.write() as transaction:
            transaction.runs.add_new([late, make_run(3), make_run(2), make_run(4, status=Status.RUNNING)])
            waiting = transaction.runs.unabsorbed(10)
            assert ids(waiting) == ["job-0002", "job-0003", "job-0001"]
            transaction.runs.set_numbers([("default", run.job_id, n) for n, run in enumerate(waiting, 1)])
            transaction.set_watermark(3)
        with store.read() as transaction:
            assert transaction.watermark() == 3
            assert transaction.runs.unabsorbed(10) == []
            numbered = transaction.runs.numbered(1, 10)
            assert [(run.job_id, run.number) for run in numbered] == [("job-0003", 2), ("job-0001", 3)]
            assert transaction.runs.get("default", "job-0001").number == 3
        with store.write() as transaction:
            transaction.runs.clear_numbers()
            assert ids(transaction.runs.unabsorbed(2)) == ["job-0002", "job-0003"]

    def test_the_latest_of_a_key_and_counts(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new(
                [
                    make_run(1),
                    make_run(3),
                    make_run(2),
                    make_run(4, key="k"),
                    make_run(5, status=Status.RUNNING),
                ]
            )
        with store.read() as transaction:
            latest = transaction.runs.latest_of_key("default", make_run(1).key, 2)
            assert ids(latest) == ["job-0003", "job-0002"]
            assert transaction.runs.counts() == {"succeeded": 4, "running": 1}
            assert transaction.runs.counts_unnumbered() == {"succeeded": 4, "running": 1}
            assert (transaction.runs.last_number(), transaction.runs.counts_after(0)) == (0, {})
        with store.write() as transaction:
            transaction.runs.set_numbers([("default", "job-0001", 7)])
            assert transaction.runs.counts_unnumbered() == {"succeeded": 3, "running": 1}
            assert transaction.runs.last_number() == 7
            assert transaction.runs.counts_after(6) == {"succeeded": 1}
            assert transaction.runs.counts_after(7) == {}
            assert transaction.runs.open_count(Status.RUNNING) == 1
            assert transaction.runs.open_count(Status.QUEUED) == 0
            assert transaction.runs.workspaces() == ["default"]

    def test_some_are_found_by_their_ids(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new([make_run(n) for n in range(1, 4)])
            transaction.runs.add(make_run(4, workspace="other"))
            transaction.runs.set_numbers([("default", "job-0001", 7)])
            found = transaction.runs.find("default", ["job-0003", "job-0004", "job-0001"])
            assert [(run.job_id, run.number) for run in found] == [("job-0003", None), ("job-0001", 7)]
            assert transaction.runs.find("default", []) == []

    def test_all_workspaces_are_known(self, store: Store) -> None:
        with store.read() as transaction:
            assert transaction.runs.workspaces() == []
        spaces = ("team-b", "default", "team-a", "team")
        with store.write() as transaction:
            transaction.runs.add_new([make_run(n, workspace=space) for n in range(3) for space in spaces])
            transaction.runs.add(make_run(9, status=Status.QUEUED, workspace="zoo"))
            assert transaction.runs.workspaces() == ["default", "team", "team-a", "team-b", "zoo"]
            assert transaction.runs.open_count(Status.QUEUED) == 1

    def test_runs_are_tallied_and_told_as_figures(self, store: Store) -> None:
        team = {"team": "a"}
        used = Usage(cpu_seconds=2.0, memory_peak_bytes=2**30)
        with store.write() as transaction:
            transaction.runs.add_new(
                [
                    make_run(0, name="x", usage=used, labels=team, duration_s=8.0),
                    make_run(1, name="x", usage=used, labels=team, duration_s=4.0, status=Status.FAILED),
                    make_run(2, name="y", usage=Usage(), status=Status.CANCELLED, exit_code=None),
                    make_run(20, name=None, usage=Usage(), duration_s=None, status=Status.RUNNING),
                    make_run(3, name="z", workspace="other", labels={"team": "b"}),
                ]
            )
            runs = transaction.runs
            assert runs.values("default", "name", 9) == ["x", "y"]
            assert runs.values("default", "name", 1) == ["x"]
            assert runs.values("default", "exit_code", 9) == ["0"]
            assert runs.values("default", "label", 9) == ["team"]
            assert runs.values("other", "label:team", 9) == ["b"]
            by_name = {one.group: one for one in runs.tally("default", EVERYTHING, "name", most=99)}
            assert {name: one.runs for name, one in by_name.items()} == {"x": 2, "y": 1, None: 1}
            x = by_name["x"]
            assert (x.failed, x.ended, x.seconds, x.cpu_seconds, x.gb_seconds) == (1, 2, 12.0, 4.0, 12.0)
            assert [one.runs for one in runs.tally("default", EVERYTHING, None, most=3)] == [3]
            (team_of_x,) = runs.tally("default", equal("name", "x"), "label:team", most=9)
            assert team_of_x.group == "a"
            quarter = int(START.timestamp()) // 900
            by_time = {one.group: one.runs for one in runs.tally("default", EVERYTHING, "quarter", most=9)}
            assert by_time == {str(quarter): 3, str(quarter + 1): 1}
            figures = runs.figures("default", equal("name", "x"), "image", most=9)
            assert [one.job_id for one in figures] == ["job-0001", "job-0000"]
            assert figures[1].at == START
            assert (figures[1].group, figures[1].status) == ("python:3.11", Status.SUCCEEDED)
            assert (figures[1].duration_s, figures[1].memory_bytes, figures[1].cpu_s) == (8.0, 2**30, 2.0)
            assert len(runs.figures("default", EVERYTHING, None, most=2)) == 2
        with refused(ErrorCode.INVALID), store.read() as transaction:
            transaction.runs.tally("default", EVERYTHING, "moonphase", most=1)

    def test_runs_are_counted_by_the_hour(self, store: Store) -> None:
        gib = 2**30
        used = Usage(cpu_seconds=2.0, memory_peak_bytes=gib // 2)
        with store.read() as transaction:
            assert transaction.runs.hourly("default", START, START + timedelta(hours=9)) == []
        with store.write() as transaction:
            transaction.runs.add_new(
                [
                    # Two overlap; the third begins when the second ends; the fourth is two hours later.
                    make_run(0, duration_s=7200.0, usage=used),
                    make_run(10, duration_s=600.0, usage=used),
                    make_run(20, duration_s=10.0, usage=Usage()),
                    make_run(180, status=Status.QUEUED, duration_s=None, usage=Usage()),
                    make_run(5, duration_s=60.0, workspace="other"),
                    make_run(600, duration_s=60.0),
                ]
            )
            hours = transaction.runs.hourly("default", START, START + timedelta(hours=5))
            assert [hour.at for hour in hours] == [START + timedelta(hours=n) for n in range(5)]
            assert [hour.arrivals for hour in hours] == [3, 0, 0, 1, 0]
            assert [hour.measured for hour in hours] == [3, 0, 0, 0, 0]
            assert [hour.at_once for hour in hours] == [2, 1, 1, 0, 0]
            assert hours[0].seconds == 7810.0
            assert hours[0].squared_seconds == 7200.0**2 + 600.0**2 + 100.0
            assert hours[0].cpu_seconds == 4.0
            assert hours[0].gb_seconds == 3900.0
            assert transaction.runs.hourly("default", START, START) == []
            long = Compare(field="duration", comparison=Comparison.ABOVE, value=60.0)
            chosen = transaction.runs.hourly("default", START, START + timedelta(hours=5), long)
            assert [hour.arrivals for hour in chosen] == [2, 0, 0, 0, 0]
            assert [hour.at_once for hour in chosen] == [2, 1, 1, 0, 0]

    def test_the_tests_of_runs(self, store: Store) -> None:
        cases = [
            TestCase(id="a::x", status=CaseStatus.PASSED, duration_s=0.25, read_from="junit.xml"),
            TestCase(
                id="a::y[\U0001f433]", status=CaseStatus.FAILED, message="1 != 2", read_from="other.xml"
            ),
            TestCase(id="a::z", status=CaseStatus.ERROR, attempts=3, read_from="junit.xml"),
            TestCase(id="a::w", status=CaseStatus.SKIPPED, read_from="junit.xml"),
        ]
        with store.write() as transaction:
            transaction.test_cases.put_many({("default", "job-1"): cases, ("other", "job-1"): cases[:1]})
            transaction.test_cases.put_many({("default", "job-1"): [], ("default", "job-2"): []})
            transaction.test_cases.put_many({})
        with store.read() as transaction:
            assert transaction.test_cases.of_run("default", "job-1") == cases
            assert transaction.test_cases.of_run("other", "job-1") == cases[:1]
            assert transaction.test_cases.of_run("default", "job-2") == []
            assert transaction.test_cases.of_run("default", "job-3") == []
