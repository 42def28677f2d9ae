"""Secrets where others can read them."""

from orcaops.improving.advisors.exposed_secrets import ExposedSecrets
from orcaops.model.job import JobSpec
from orcaops.model.recommendation import Priority
from orcaops.model.run import LogSummary
from orcaops.testing.advisors import a_dossier, a_run, told


def test_one_on_the_command_line_is_urgent() -> None:
    spec = JobSpec(name="a", command=("deploy", "--token", "***"), env={"DB_PASSWORD": "***"})
    (found,) = told(ExposedSecrets(), a_dossier([a_run(n, spec=spec, masked=True) for n in range(5)]))
    assert (found.field, found.priority) == ("command", Priority.HIGH)
    assert found.evidence["secret_variables"] == ["DB_PASSWORD"]


def test_one_in_the_output_is_told_too() -> None:
    spec = JobSpec(name="a", command=("deploy",), env={"DB_PASSWORD": "***"})
    printed = LogSummary(first_error="error: cannot log in with ***")
    runs = [a_run(n, spec=spec, masked=True, log=printed) for n in range(5)]
    assert [found.field for found in told(ExposedSecrets(), a_dossier(runs))] == ["output"]


def test_one_in_a_containers_environment_is_told_with_low_priority() -> None:
    spec = JobSpec(image="a", command=("deploy",), env={"DB_PASSWORD": "***", "LANG": "C"}, network="bridge")
    (found,) = told(ExposedSecrets(), a_dossier([a_run(n, spec=spec, masked=True) for n in range(5)]))
    assert (found.field, found.priority) == ("environment", Priority.LOW)
    assert "(DB_PASSWORD)" in found.description
    assert ":ro" in found.action


def test_a_secret_in_a_local_environment_is_how_it_is_done() -> None:
    spec = JobSpec(name="a", command=("deploy",), env={"DB_PASSWORD": "***"})
    assert not told(ExposedSecrets(), a_dossier([a_run(n, spec=spec, masked=True) for n in range(5)]))
    stars = JobSpec(name="a", command=("echo", "***"))
    assert not told(ExposedSecrets(), a_dossier([a_run(n, spec=stars) for n in range(5)]))


def test_one_that_was_masked_anywhere_in_the_output_is_told() -> None:
    runs = [a_run(n, log=LogSummary(lines=3, masked=1)) for n in range(5)]
    assert [found.field for found in told(ExposedSecrets(), a_dossier(runs))] == ["output"]
    assert not told(ExposedSecrets(), a_dossier([a_run(n, log=LogSummary(lines=3)) for n in range(5)]))
