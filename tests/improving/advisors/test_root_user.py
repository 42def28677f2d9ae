"""Root's rights where they are not needed."""

from orcaops.improving.advisors.root_user import RootUser
from orcaops.model.job import JobSpec, Mount
from orcaops.testing.advisors import a_dossier, a_run, told

WRITABLE = Mount(source="/srv/src", target="/src")


def test_root_with_a_writable_folder_is_told() -> None:
    spec = JobSpec(image="python:3.11", command=("pytest",), mounts=(WRITABLE,))
    (found,) = told(RootUser(), a_dossier([a_run(n, spec=spec, user="root") for n in range(12)]))
    assert found.evidence["in_reach"] == "the host's /srv/src"


def test_it_is_silent_where_root_is_needed_or_reaches_nothing() -> None:
    closed = JobSpec(image="python:3.11", command=("pytest",))
    assert not told(RootUser(), a_dossier([a_run(n, spec=closed, user="root") for n in range(12)]))
    installs = JobSpec(image="debian:12", command=("apt-get", "install", "git"), network="bridge")
    assert not told(RootUser(), a_dossier([a_run(n, spec=installs, user="root") for n in range(12)]))
    other = JobSpec(image="python:3.11", command=("pytest",), mounts=(WRITABLE,))
    assert not told(RootUser(), a_dossier([a_run(n, spec=other, user="1000") for n in range(12)]))
