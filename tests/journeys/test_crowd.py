"""Many processes on one home at once: nothing is lost, every run is numbered once."""

import json

from .conftest import Orcaops


def test_eight_runs_at_once_on_a_home_that_does_not_exist_yet(orcaops: Orcaops) -> None:
    crowd = [
        orcaops.start("run", "--json", "--name", "crowd", "--", "sh", "-c", f"echo {n}; exit $(({n} % 2))")
        for n in range(8)
    ]
    ended = []
    for n, each in enumerate(crowd):
        out, err = each.communicate(timeout=120)
        assert each.returncode == n % 2, err
        ended.append(json.loads(out))
    kept = orcaops.runs()
    assert {run["job_id"] for run in kept} == {run["job_id"] for run in ended}
    assert sorted(run["number"] for run in kept) == list(range(1, 9))
    assert [run["status"] for run in kept].count("failed") == 4
    baseline = json.loads(orcaops.call("baselines", "show", "name:crowd", "--json").stdout)
    assert (baseline["run_count"], baseline["sample_count"]) == (8, 4)
    before = orcaops.call("baselines", "export").stdout
    assert orcaops.call("relearn").returncode == 0
    assert orcaops.call("baselines", "export").stdout == before


def test_runs_beside_a_server_on_the_same_home(orcaops: Orcaops) -> None:
    server, url = orcaops.serve()
    crowd = [orcaops.start("run", "--name", "here", "--", "true") for _ in range(3)]
    crowd += [
        orcaops.start("run", "--name", "there", "--", "true", env={"ORCAOPS_URL": url}) for _ in range(3)
    ]
    for each in crowd:
        _, err = each.communicate(timeout=120)
        assert each.returncode == 0, err
    server.terminate()
    assert server.wait(60) == 0
    numbers = [run["number"] for run in orcaops.runs()]
    assert sorted(numbers) == list(range(1, 7))
