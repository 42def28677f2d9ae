"""What every store must hold about runs beside a run, to inherit; see :mod:`orcaops.testing.stores`."""
# ruff: noqa: D102  the name of a check says what it checks

from orcaops.model.run import Run, Status
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import ids, make_run


class NeighboursConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_the_latest_of_a_key_up_to_a_number(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new([make_run(n).changed(number=n) for n in range(1, 6)])
            transaction.runs.add(make_run(6))
            key = make_run(1).key
            assert ids(transaction.runs.latest_of_key("default", key, 2, until=4)) == ["job-0004", "job-0003"]
            assert ids(transaction.runs.latest_of_key("default", key, 9, until=0)) == []
            assert len(transaction.runs.latest_of_key("default", key, 9)) == 6

    def test_the_earlier_runs_of_a_key(self, store: Store) -> None:
        with store.write() as transaction:
            runs = [make_run(n, key="a") for n in range(1, 6)]
            transaction.runs.add_new([*runs, make_run(6, key="b"), make_run(7, workspace="other", key="a")])
            transaction.runs.add(make_run(8, key="a", status=Status.RUNNING))
            find = transaction.runs.earlier_of_key
            assert find("default", "a", runs[3].submitted_at, 2) == [
                ("job-0003", runs[2].status),
                ("job-0002", runs[1].status),
            ]
            assert len(find("default", "a", make_run(9).submitted_at, 9)) == 5
            assert find("default", "c", make_run(9).submitted_at, 9) == []

    def test_what_was_submitted_right_before(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add_new([make_run(n, key=f"k{n}") for n in (1, 2, 5)])
            transaction.runs.add(make_run(4, status=Status.RUNNING))
            transaction.runs.add(make_run(3, workspace="other"))
            before = transaction.runs.before_each("default", ["job-0001", "job-0002", "job-0005", "nothing"])
            # Nothing came before the first; what came before the last has not ended.
            assert {job_id: run.job_id for job_id, run in before.items()} == {"job-0002": "job-0001"}
            assert transaction.runs.before_each("default", []) == {}

    def test_the_images_of_a_command(self, store: Store) -> None:
        def on(number: int, image: str | None, command: str = "pytest") -> Run:
            run = make_run(number, image=image, key=f"{image}|{command}", command=command)
            return run.changed(number=number)

        with store.write() as transaction:
            runs = [on(1, "a"), on(2, "b"), on(3, None), on(4, "c", "pytest -q"), on(5, "d"), on(6, "a")]
            transaction.runs.add_new(runs)
            found = transaction.runs.images_of_command("default", "pytest", until=4)
            assert found == {"a|pytest": "a", "b|pytest": "b"}
            assert transaction.runs.images_of_command("other", "pytest", until=4) == {}
            assert transaction.runs.images_of_command("default", "x" * 300, until=9) == {}

    def test_the_keys_that_have_new_runs(self, store: Store) -> None:
        with store.write() as transaction:
            runs = [make_run(n, key="abcab"[n % 5]).changed(number=n) for n in range(1, 11)]
            transaction.runs.add_new([*runs, make_run(11, key="d")])
            assert transaction.runs.touched(0, least=1, limit=9) == [
                ("default", "c", 7),
                ("default", "b", 9),
                ("default", "a", 10),
            ]
            assert transaction.runs.touched(0, least=3, limit=1) == [("default", "b", 9)]
            assert transaction.runs.touched(9, least=1, limit=9) == [("default", "a", 10)]
            assert transaction.runs.touched(10, least=1, limit=9) == []

    def test_marks_are_kept_and_forgotten_with_opinions(self, store: Store) -> None:
        with store.write() as transaction:
            assert transaction.mark("advice") == 0
            transaction.set_mark("advice", 7)
            transaction.set_mark("advice", 9)
            transaction.set_watermark(9)
        with store.write() as transaction:
            assert transaction.mark("advice") == 9
            assert transaction.mark("other") == 0
            transaction.drop_opinions()
            assert transaction.mark("advice") == 0
