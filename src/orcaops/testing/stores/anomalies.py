"""What every store must hold of anomalies, and what people decided about them."""
# ruff: noqa: D102  the name of a check says what it checks

from datetime import timedelta

from orcaops.model.anomaly import Severity
from orcaops.model.errors import ErrorCode
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START, all_pages, make_anomaly, refused


class AnomaliesConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_anomalies_keep_what_people_decided(self, store: Store) -> None:
        first = make_anomaly("a1", job_ids=("job-0001", "job-0002"))
        with store.write() as transaction:
            transaction.anomalies.put_many([first])
            transaction.anomalies.decide("default", "a1", acknowledged=True, note="known")
            transaction.anomalies.put_many(
                [first.model_copy(update={"title": "worse", "job_ids": ("job-0003",)})]
            )
            transaction.anomalies.decide("default", "a1", resolution="fixed")
            found = transaction.anomalies.get("default", "a1")
            assert (found.title, found.acknowledged, found.note, found.resolution) == (
                "worse",
                True,
                "known",
                "fixed",
            )
            for job_id in ("job-0001", "job-0002", "job-0003"):
                assert [a.id for a in transaction.anomalies.of_run("default", job_id)] == ["a1"]
            transaction.anomalies.decide("default", "a1", acknowledged=False, resolution="")
            reopened = transaction.anomalies.get("default", "a1")
            assert (reopened.acknowledged, reopened.resolution) == (False, None)
        for workspace, name in (("default", "a2"), ("other", "a1")):
            with refused(ErrorCode.NOT_FOUND), store.write() as transaction:
                transaction.anomalies.decide(workspace, name, acknowledged=True)
            with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
                transaction.anomalies.get(workspace, name)

    def test_what_has_turned_out_to_be_none_is_forgotten(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.anomalies.put_many([make_anomaly("a1"), make_anomaly("a2")])
            transaction.anomalies.put_many([make_anomaly("a1", workspace="other")])
            transaction.anomalies.forget("default", ["a1", "a3"])
            assert [a.id for a in transaction.anomalies.page("default").items] == ["a2"]
            assert [a.id for a in transaction.anomalies.of_run("default", "job-0001")] == ["a2"]
            assert transaction.anomalies.get("other", "a1").id == "a1"

    def test_anomalies_are_listed_and_filtered(self, store: Store) -> None:
        kinds = ("duration", "memory", "error")
        levels = list(Severity)
        anomalies = [
            make_anomaly(
                f"a{n:02}",
                type=kinds[n % 3],
                severity=levels[n % 2],
                detected_at=START + timedelta(minutes=n // 2),
                key=f"k{n % 4}",
                job_id=f"job-{n:04}",
                open=n % 5 == 0,
            )
            for n in range(20)
        ]
        with store.write() as transaction:
            transaction.anomalies.put_many(anomalies)
            transaction.anomalies.put_many([make_anomaly("a00", workspace="other")])
            transaction.anomalies.decide("default", "a04", acknowledged=True)
            transaction.anomalies.decide("default", "a05", resolution="done")
        newest = sorted((a.id for a in anomalies), reverse=True)
        with store.read() as transaction:
            open_ = transaction.anomalies.open_of_key("default", "k0", "duration")
            assert [a.id for a in open_] == ["a00"]
            assert transaction.anomalies.open_of_key("default", "k0", "memory") == []
            assert transaction.anomalies.open_of_key("default", "k0", "error", limit=0) == []
            open_ = transaction.anomalies.open_of_keys("default", ["k0", "k1", "nobody's"])
            assert sorted(a.id for a in open_) == ["a00", "a05"]
            late = START + timedelta(minutes=8)
            begun = transaction.anomalies.begun_since
            assert [a.id for a in begun("default", late, limit=3)] == ["a19", "a18", "a17"]
            assert [a.id for a in begun("default", late, keys=["k1", "k2"], limit=9)] == ["a18", "a17"]
            assert begun("default", late, keys=[], limit=9) == []
            listed = all_pages(lambda cursor: transaction.anomalies.page("default", limit=3, cursor=cursor))
            assert [a.id for a in listed] == newest
            expected = {
                ("type", "memory"): [a for a in newest if int(a[1:]) % 3 == 1],
                ("severity", "warning"): [a for a in newest if int(a[1:]) % 2 == 1],
                ("key", "k2"): [a for a in newest if int(a[1:]) % 4 == 2],
                ("job_id", "job-0007"): ["a07"],
                ("open", "true"): ["a15", "a10", "a05", "a00"],
                ("acknowledged", "true"): ["a04"],
                ("acknowledged", "no"): [a for a in newest if a != "a04"],
                ("resolved", "true"): ["a05"],
                ("resolved", "false"): [a for a in newest if a != "a05"],
            }
            for (name, value), wanted in expected.items():
                page = transaction.anomalies.page("default", filters={name: value})
                assert (name, value, [a.id for a in page.items]) == (name, value, wanted)
                assert page.total == len(wanted)
            both = transaction.anomalies.page("default", filters={"type": "memory", "open": "true"})
            assert [a.id for a in both.items] == ["a10"]
            assert len(transaction.anomalies.page("default", text="slow").items) == 20
            assert [a.id for a in transaction.anomalies.find("default", ["a03", "zz", "a01"])] == [
                "a03",
                "a01",
            ]
            since = list(transaction.anomalies.since(START + timedelta(minutes=8)))
            assert [a.id for a in since] == ["a16", "a17", "a18", "a19"]
            assert [(a.workspace, a.id) for a in transaction.anomalies.each()][-1] == ("other", "a00")
        for filters in ({"mood": "x"}, {"open": "maybe"}):
            with refused(ErrorCode.INVALID), store.read() as transaction:
                transaction.anomalies.page("default", filters=filters)
