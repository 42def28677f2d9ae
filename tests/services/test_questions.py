"""Questions answered from a house with a history: numbers that are known beforehand."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orcaops import app as wiring
from orcaops.app import App, build
from orcaops.config import load
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.inquiry import Kind, Question, Reply

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)  # a Wednesday
FIRST = NOW - timedelta(days=12)
RESET = "Error: connection reset by peer"


def history() -> list[dict[str, Any]]:
    """Twelve days, eight runs of each job a day; ``deploy`` is slower and ``etl`` fails more since Monday."""
    chance = random.Random(7)
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    lines: list[dict[str, Any]] = []
    for number in range(12 * 8):
        at = FIRST + timedelta(hours=3 * number)
        for name, seconds in (("deploy", 30.0), ("lint", 5.0), ("etl", 600.0)):
            slower = 1.6 if name == "deploy" and at >= monday else 1.0
            fails = name == "etl" and (number % 2 == 0 if at >= monday else number % 20 == 0)
            line: dict[str, Any] = {
                "job_id": f"{name}-{number}",
                "name": name,
                "image": "python:3.11" if number % 2 else "python:3.11-slim",
                "command": f"make {name}",
                "started_at": at.isoformat(),
                "duration_s": seconds * slower * chance.lognormvariate(0, 0.05),
                "status": "failed" if fails else "succeeded",
                "exit_code": 1 if fails else 0,
                "branch": "main" if number % 3 else "develop",
                "commit": f"{number // 4:040x}",
                "memory_peak_bytes": 100 * 2**20,
                "cpu_seconds": 2.0,
                "labels": {"team": "payments" if name == "etl" else "web"},
            }
            if fails:
                line["log"] = RESET
            lines.append(line)
    return lines


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("asked")
    (folder / "prices.toml").write_text('currency = "EUR"\nper_cpu_second = 0.01\n')
    file = folder / "history.jsonl"
    file.write_text("\n".join(map(json.dumps, history())))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "now", lambda: NOW)
        flags = {"home": folder / "home", "forecast.prices": folder / "prices.toml"}
        app = build(load(flags, environment={}, folder=folder, user_file=folder / "none"))
        app.history.import_file(file, "jsonl", workspace="default")
        yield app
        app.close()


@pytest.fixture
def ask(house: App) -> Callable[..., Reply]:
    def asked(question: str | None = None, **more: Any) -> Reply:
        reply = house.questions.ask(Question(question=question, **more))
        assert Reply.from_stored(reply.model_dump_json()) == reply
        return reply

    return asked


def line(reply: Reply) -> str:
    assert reply.understood is not None, reply
    return reply.understood.query


def test_which_jobs_got_slower(ask: Callable[..., Reply]) -> None:
    reply = ask("which jobs got slower since Monday?")
    assert line(reply) == "rose duration where after:2026-11-16"
    assert [row.what for row in reply.rows] == ["name:deploy"]
    row = reply.rows[0]
    assert row.value is not None
    assert row.before is not None
    assert 1.5 < row.value / row.before < 1.7
    assert reply.job_ids
    assert "1 job of 3 got slower" in reply.answer


def test_noise_is_no_change(ask: Callable[..., Reply]) -> None:
    reply = ask("which jobs got slower between 2026-11-12 and 2026-11-14?")
    assert reply.rows == ()
    assert "got clearly slower" in reply.answer


def test_which_fail_more(ask: Callable[..., Reply]) -> None:
    assert [row.what for row in ask("which jobs fail more often since monday").rows] == ["name:etl"]


def test_what_did_not_run(ask: Callable[..., Reply]) -> None:
    reply = ask(query="missing where name:etl* after:2026-11-18T01:00:00Z before:2026-11-18T03:00:00Z")
    assert [row.what for row in reply.rows] == ["name:etl"]
    (row,) = reply.rows
    assert row.text.endswith("the last 2026-11-18 00:30:00: succeeded")
    assert row.job_ids == ("etl-91",)
    assert ask("which jobs did not run since Monday?").answer == "None: each of the 3 jobs has such a run."
    assert "3 of 3 jobs have no such run" in ask(query="missing where status:cancelled").answer


def test_the_query_can_be_asked_again(ask: Callable[..., Reply]) -> None:
    first = ask("how many etl runs failed since Monday?")
    again = ask(query=line(first))
    assert again.model_copy(update={"question": first.question, "also": first.also}) == first
    runs = [one for one in history() if one["name"] == "etl" and one["started_at"] >= "2026-11-16"]
    assert first.rows[0].value == sum(one["status"] == "failed" for one in runs)
    edited = ask(query=line(first).replace("status:failed ", ""))
    assert edited.rows[0].value == len(runs)


def test_counts_by_day_are_those_of_the_facts(ask: Callable[..., Reply]) -> None:
    reply = ask("failures per day")
    assert sum(row.value or 0 for row in reply.rows) == sum(one["status"] == "failed" for one in history())
    assert [row.what for row in reply.rows] == sorted(row.what for row in reply.rows)


def test_a_rate_has_an_interval(ask: Callable[..., Reply]) -> None:
    row = ask("what is the failure rate of etl since monday").rows[0]
    assert row.value == pytest.approx(0.5, abs=0.05)
    assert row.low is not None
    assert row.high is not None
    assert row.low < row.value < row.high
    assert row.n == 21


def test_typical_values_and_totals(ask: Callable[..., Reply]) -> None:
    assert ask("how long does lint take").rows[0].value == pytest.approx(5, rel=0.05)
    assert ask("typical memory per job").rows[0].value == 100 * 2**20
    cost = ask("how much did etl cost").rows[0]
    assert cost.unit == "EUR"
    assert cost.value == pytest.approx(96 * 0.02)
    assert ask("cost by team").rows[0].what == "web"


def test_comparisons(ask: Callable[..., Reply]) -> None:
    reply = ask("compare deploy and lint")
    assert [row.what for row in reply.rows] == ["deploy", "lint"]
    assert "times the duration of lint" in reply.answer
    weeks = ask("compare failures this week vs last week")
    assert "clear" in weeks.answer
    assert "may be chance" in ask("is python:3.11 faster than python:3.11-slim for lint").answer


def test_why_and_what_then(ask: Callable[..., Reply]) -> None:
    why = ask("why did etl fail last?")
    assert why.rows[0].what == "name:etl"
    assert "connection" in why.answer
    changes = ask("what changed since etl last succeeded")
    assert changes.understood is not None
    assert len(changes.job_ids) == 2
    fixes = ask("what fixed etl before?")
    assert fixes.rows[0].n
    assert "followed by a success" in fixes.answer


def test_failures_that_no_output_calls_so_are_found_by_what_they_are(ask: Callable[..., Reply]) -> None:
    fixes = ask("what fixed 'dropped connections' before?")
    assert fixes.understood is not None
    assert fixes.understood.query == 'fixes where "dropped connections"'
    assert "followed by a success" in fixes.answer
    assert any("no output has these words" in note for note in fixes.notes)
    assert "followed" not in ask("what fixed 'frobnicated gizmos' before?").answer


def test_seen_before(ask: Callable[..., Reply]) -> None:
    reply = ask("have we seen 'connection reset by peer' before?")
    assert reply.answer.startswith("Yes")
    assert reply.job_ids
    assert ask("have we seen 'flux capacitor overheated' before?").answer.startswith(("No", "Not"))


def test_first_last_and_order(ask: Callable[..., Reply]) -> None:
    failed = [one["job_id"] for one in history() if one["status"] == "failed"]
    assert ask("when did etl first fail").job_ids == (failed[0],)
    assert ask("when did etl last fail").job_ids == (failed[-1],)
    longest = max(history(), key=lambda one: one["duration_s"])
    assert ask("what was the longest job ever").job_ids == (longest["job_id"],)


def test_what_comes(ask: Callable[..., Reply]) -> None:
    told = ask("how long will lint take")
    assert told.rows[0].value == pytest.approx(5, rel=0.1)
    assert ask("how many runs will come tomorrow").rows


def test_a_forecast_is_of_the_time_that_is_asked_about(ask: Callable[..., Reply]) -> None:
    """24 runs a day: an answer about one day is no answer about two."""
    tomorrow = ask("how many runs will come tomorrow?")
    assert line(tomorrow) == "forecast runs where after:2026-11-19 before:2026-11-20"
    assert "from 2026-11-19 to 2026-11-20 UTC" in tomorrow.answer
    assert tomorrow.rows[0].value == pytest.approx(24, rel=0.3)
    two_days = ask("how many runs can we expect in the next 2 days?").rows[0].value
    assert two_days == pytest.approx(48, rel=0.3)
    cost = ask("how much will we spend next week").rows[0]
    assert cost.unit == "EUR"
    assert cost.value == pytest.approx(7 * 24 * 0.02, rel=0.4)
    assert "beyond" in str(ask("how many runs will come in the next 3 months").notes)
    over = ask(query="forecast where before:2026-11-01")
    assert "is over" in over.answer


def test_a_forecast_is_of_the_part_that_is_asked_about(ask: Callable[..., Reply]) -> None:
    every = ask("how many runs will come tomorrow?").rows[0]
    part = ask("how many runs of lint will there be tomorrow?")
    assert line(part) == "forecast runs where name:lint after:2026-11-19 before:2026-11-20"
    assert part.rows[0].value is not None
    assert every.value is not None
    assert 0 < part.rows[0].value < 0.8 * every.value
    assert part.answer.startswith("Runs of name:lint from 2026-11-19 to 2026-11-20 UTC")
    cost = ask("how much will lint cost next week?")
    assert line(cost) == "forecast cost where name:lint after:2026-11-23 before:2026-11-30"
    assert cost.rows[0].unit == "EUR"
    nothing = ask(query="forecast where name:nobody")
    assert "Nothing can be forecast" in nothing.answer


def test_anomalies_of_one_severity(ask: Callable[..., Reply]) -> None:
    every = ask(query="anomalies").rows
    for severity in ("critical", "warning", "info"):
        reply = ask(query=f"anomalies {severity}")
        assert [row.text for row in reply.rows] == [
            one.text for one in every if one.text.startswith(severity)
        ]
    assert line(ask("any critical anomalies since monday?")) == "anomalies critical where after:2026-11-16"
    none = ask(query="anomalies critical where name:lint")
    assert none.rows or none.answer.startswith("Nothing")


def test_an_order_is_met_with_the_command_for_it(ask: Callable[..., Reply]) -> None:
    reply = ask("please rerun the failed etl")
    assert reply.understood is None
    assert "`orcaops jobs rerun JOB` does that" in reply.answer
    assert reply.offers


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_answers_with_and_without_runs(ask: Callable[..., Reply], kind: Kind) -> None:
    for where in ("", " where name:etl", " where name:nothing-there", " where after:2030-01-01"):
        reply = ask(query=f"{kind}{where}")
        assert reply.answer
        if "2030" in where:
            word = "beyond" if kind is Kind.FORECAST else "future"
            assert any(word in note for note in reply.notes)
    assert ask(query=str(kind), workspace="empty").answer


@pytest.mark.parametrize("measure", ["runs", "failures", "duration", "memory", "cpu", "wait", "cost"])
@pytest.mark.parametrize("kind", ["list", "typical", "total", "compare", "rose", "fell", "trend", "predict"])
def test_every_measure_answers(ask: Callable[..., Reply], kind: str, measure: str) -> None:
    assert ask(query=f"{kind} {measure} by image where after:2026-11-10").answer
    assert ask(query=f"{kind} {measure} by weekday").answer


def test_what_is_not_understood_offers_what_could_be(ask: Callable[..., Reply]) -> None:
    reply = ask("what is the weather like in Hamburg")
    assert reply.understood is None
    assert reply.offers
    for offer in reply.offers:
        assert ask(offer).understood is not None, offer


def test_contradictory_times_are_told(ask: Callable[..., Reply]) -> None:
    assert any(
        "ends before" in note for note in ask(query="list where after:2026-11-10 before:2026-11-01").notes
    )


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, ErrorCode.INVALID),
        ({"query": " "}, ErrorCode.INVALID),
        ({"question": "which failed", "query": "list"}, ErrorCode.INVALID),
        ({"query": "nonsense"}, ErrorCode.NOT_FOUND),
    ],
)
def test_what_is_no_question(house: App, asked: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(OrcaError) as error:
        house.questions.ask(Question(**asked))
    assert error.value.code is code
    assert error.value.hint


def test_without_prices_costs_are_not_invented(tmp_path: Path) -> None:
    app = build(load({"home": tmp_path / "h"}, environment={}, folder=tmp_path, user_file=tmp_path / "n"))
    try:
        assert "no price file" in app.questions.ask(Question(question="what did we spend last month")).answer
    finally:
        app.close()


def test_words_that_nobody_knows_are_what_a_log_said(ask: Callable[..., Reply]) -> None:
    for question in ("how did we solve quorum absent", "what should we do about quorum absent"):
        understood = ask(question).understood
        assert understood is not None
        assert understood.query == 'fixes where "quorum absent"'
    understood = ask("has quorum absent happened before").understood
    assert understood is not None
    assert understood.query == 'seen where "quorum absent"'


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("top 3 failing jobs", "count by key top 3 where status:failed"),
        ("what percent of builds fail", "rate"),
        ("what costs us the most", "total cost by key"),
    ],
)
def test_what_people_ask_in_passing(ask: Callable[..., Reply], question: str, query: str) -> None:
    understood = ask(question).understood
    assert understood is not None
    assert understood.query == query


def test_hosts_are_compared_within_the_jobs_that_both_ran(tmp_path: Path) -> None:
    """The slow job runs on one host alone: that host is not slow for it."""
    lines = []
    for number in range(40):
        for name, host, seconds in (
            ("quick", "one", 10.0),
            ("quick", "two", 10.0),
            ("slow", "two", 1000.0),
        ):
            at = NOW - timedelta(hours=number + 1, minutes=number)
            spread = 1 + 0.02 * ((number * 7) % 5 - 2)
            lines.append(
                {
                    "job_id": f"{name}-{host}-{number}",
                    "name": name,
                    "command": name,
                    "started_at": at.isoformat(),
                    "duration_s": seconds * spread,
                    "host": host,
                    "status": "failed" if name == "slow" and number % 3 == 0 else "succeeded",
                }
            )
    reply = _asked(tmp_path, lines, "is one faster than two")
    assert reply.answer.startswith("In the 1 job that both ran, two has 1.00 times the duration of one")
    assert "may be chance" in reply.answer
    fails = _asked(tmp_path, lines, query="compare failures by host where host:one OR host:two")
    assert "In the 1 job that both ran" in fails.answer
    assert "That may be chance" in fails.answer
    alone = _asked(
        tmp_path,
        [one for one in lines if one["job_id"].split("-")[0] != "quick" or one["host"] == "one"],
        query="compare duration by host where host:one OR host:two",
    )
    assert "they ran different jobs: this compares the jobs as much as the groups" in alone.notes


def _asked(
    folder: Path, lines: list[dict[str, Any]], question: str | None = None, query: str | None = None
) -> Reply:
    place = folder / f"home-{len(list(folder.iterdir()))}"
    place.mkdir()
    (place / "history.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "now", lambda: NOW)
        app = build(load({"home": place / "home"}, environment={}, folder=place, user_file=place / "none"))
        try:
            app.history.import_file(place / "history.jsonl", "jsonl", workspace="default")
            return app.questions.ask(Question(question=question, query=query))
        finally:
            app.close()


def test_a_job_is_predicted_by_its_key(ask: Callable[..., Reply], house: App) -> None:
    """What is known of an imported run's request is a part; its key is the whole."""
    row = ask("how long will lint take?").rows[0]
    assert row.low is not None
    assert row.high is not None
    assert 3 < row.low < 5 < row.high < 8
    assert row.n == 96
    both = ask(query="predict duration where name:lint OR name:deploy")
    assert any("the search also finds name:" in note for note in both.notes)


def test_the_last_run_of_a_job_is_a_time(ask: Callable[..., Reply]) -> None:
    last = max(one["started_at"] for one in history() if one["name"] == "deploy")
    reply = ask("what ran since the last deploy")
    assert line(reply) == f"list where after:{last.replace('+00:00', 'Z')}"
    assert any("the last run where name:deploy" in note for note in reply.notes)
    red = max(one["started_at"] for one in history() if one["name"] == "etl" and one["status"] == "failed")
    assert line(ask("runs of lint after the last failure of etl")).endswith(red.replace("+00:00", "Z"))


def test_ids_of_any_form_are_found(ask: Callable[..., Reply]) -> None:
    assert line(ask("how long did deploy-3 take")) == "typical duration where job_id:deploy-3"
    assert ask("how long did deploy-3 take").rows[0].n == 1
    assert line(ask("was lint-5 slower than usual?")).startswith("anomalies")


def test_failures_are_counted_by_what_failed(ask: Callable[..., Reply]) -> None:
    reply = ask("show failures grouped by error")
    assert line(reply) == "count by failure"
    failed = sum(one["status"] == "failed" for one in history())
    assert reply.rows[0].value == failed
    assert "{" not in reply.rows[0].what
    assert ask("which test fails the most").answer == f"{failed} failures; of none is it known what failed."
    assert ask("which tests are flaky").answer.startswith("No single test is known to be flaky.")


def test_two_parts_are_two_queries(ask: Callable[..., Reply]) -> None:
    reply = ask("how long does lint take and what does it cost?")
    assert line(reply) == "typical duration where name:lint"
    assert [one.query for one in reply.also] == ["total cost where name:lint"]
    why = ask("how many etl runs failed since Monday, and why?")
    assert line(why).startswith("count")
    assert [one.query for one in why.also] == ["explain where status:failed name:etl after:2026-11-16"]
    who = ask("which job failed most often and when did it last pass?")
    assert line(who) == "count by key where status:failed"
    assert any("with the name of the job" in note for note in who.notes)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("delete all failed jobs", "Questions change nothing"),
        ("please restart etl", "Questions change nothing"),
        ("who broke the build", "who"),
        ("how many lines of code does deploy have", "lines"),
    ],
)
def test_what_cannot_be_told_is_said(ask: Callable[..., Reply], asked: str, said: str) -> None:
    reply = ask(asked)
    assert reply.understood is None
    assert said in reply.answer
    assert reply.offers


def test_money_is_compared_by_sums(ask: Callable[..., Reply]) -> None:
    reply = ask("are we spending more than last week?")
    assert "EUR in" in reply.answer
    runs = [one for one in history() if one["started_at"] >= "2026-11-16"]
    assert f"in {len(runs)} runs" in reply.answer
    assert any("has not ended yet" in note for note in reply.notes)


def test_wording_names_what_was_asked(ask: Callable[..., Reply]) -> None:
    assert "took longest: " in ask("slowest run of deploy").answer
    assert "cost the least: " in ask("cheapest run of deploy").answer
    assert " EUR in 288 runs" in ask("what did we spend").answer
    times = ask("is lint slower this week than last week").answer
    assert times.startswith("since 2026-11-16: ")
    assert "times the duration of 2026-11-09 to 2026-11-16" in times


def test_where_two_times_cannot_be_compared_the_whole_time_is_offered(ask: Callable[..., Reply]) -> None:
    reply = ask(query="rose memory where name:lint after:2026-11-18T12:00:00Z")
    assert reply.rows == ()
    assert any("`trend memory where name:lint`" in note for note in reply.notes)


def test_the_flakiest_comes_first_with_its_tests(tmp_path: Path) -> None:
    """Two jobs that fail now and then: the one that does so more often leads."""
    lines = []
    for number in range(120):
        for name, each in (("rarely", 11), ("often", 4)):
            fails = number % each == 3
            line: dict[str, Any] = {
                "job_id": f"{name}-{number}",
                "name": name,
                "command": name,
                "started_at": (NOW - timedelta(hours=125 - number)).isoformat(),
                "duration_s": 10.0 + number % 3,
                "status": "failed" if fails else "succeeded",
                "exit_code": int(fails),
            }
            if fails:
                line["log"] = "FAILED tests/test_a.py::test_clock - AssertionError\n=== 1 failed in 2.0s ==="
            lines.append(line)
    jobs = _asked(tmp_path, lines, "who is the flakiest")
    assert [row.what for row in jobs.rows] == ["name:often", "name:rarely"]
    assert "who is taken for which job" in str(jobs.notes)
    assert "test_clock" in _asked(tmp_path, lines, "which tests are flaky?").answer


def test_each_hour_names_runs_to_look_at(ask: Callable[..., Reply]) -> None:
    failed = {one["job_id"] for one in history() if one["status"] == "failed"}
    reply = ask("how many failures at night?")
    assert line(reply) == "count by hour-of-day where status:failed"
    assert all(row.job_ids and set(row.job_ids) <= failed for row in reply.rows)
    assert all(row.job_ids for row in ask("runs per day").rows)


def test_the_query_of_one_severity_says_so_in_words(ask: Callable[..., Reply]) -> None:
    understood = ask(query="anomalies critical").understood
    assert understood is not None
    assert understood.in_words == "what was unusual, critical only"


def test_what_began_within_the_time_is_told_by_its_detector(tmp_path: Path) -> None:
    """Slower since three of the last seven days: the median of the seven hardly moves, a detector saw it."""
    lines = []
    for number in range(200):
        at = NOW - timedelta(hours=3 * (200 - number))
        slower = 1.4 if NOW - at < timedelta(days=3) else 1.0
        lines.append(
            {
                "job_id": f"site-{number}",
                "name": "site",
                "command": "make",
                "started_at": at.isoformat(),
                "duration_s": 100.0 * slower * (1 + 0.02 * ((number * 7) % 5 - 2)),
                "status": "succeeded",
            }
        )
    reply = _asked(tmp_path, lines, "is anything getting slower")
    assert [row.what for row in reply.rows] == ["name:site"]
    assert "noticed at site-" in reply.answer


def test_which_never_failed_is_said_first(ask: Callable[..., Reply]) -> None:
    reply = ask("which jobs never failed?")
    assert reply.answer.startswith("2 of 3 groups never failed. ")
    assert ask(query="rate least by key where name:etl").answer.startswith("Each of 1 group failed. ")


def test_sums_are_said_in_their_unit(ask: Callable[..., Reply]) -> None:
    assert ask("how many hours did etl run").answer.startswith("1")
    assert "of duration" not in ask("total duration of lint").answer


def test_a_known_failure_has_no_empty_places(ask: Callable[..., Reply]) -> None:
    for question in ("have we seen 'wrong arguments for f()' before", "have we seen 'module missing' before"):
        assert "{1}" not in str(ask(question).rows)
