"""What was different between two runs, and which differences can have mattered."""

from datetime import UTC, datetime

import pytest

from orcaops.learning.failures.fixes import advised, credited, difference, follows, told
from orcaops.model.job import JobSpec, Mount
from orcaops.model.run import Cause, Context, Run, Status
from orcaops.model.solution import Atom

AT = datetime(2026, 3, 1, tzinfo=UTC)


def run_of(**more: object) -> Run:
    spec = more.pop("spec", None)
    document: dict[str, object] = {
        "job_id": "j",
        "key": "name:k",
        "status": Status.FAILED,
        "cause": Cause.COMMAND_FAILED,
        "submitted_at": AT,
        "command": "pytest -q",
        "image": "python:3.11",
        "effective": spec,
        "requested": spec,
    }
    return Run.model_validate(document | more)


def spec_of(**more: object) -> JobSpec:
    return JobSpec.model_validate({"image": "python:3.11", "command": ("pytest", "-q")} | more)


def test_nothing_different_is_a_retry() -> None:
    assert difference(run_of(spec=spec_of()), run_of(spec=spec_of())) == ()


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ({"memory": 64}, {"memory": 128}, "memory:raised"),
        ({"memory": 128}, {"memory": 64}, "memory:lowered"),
        ({"memory": 64}, {}, "memory:raised"),
        ({"timeout": 5}, {"timeout": 9}, "timeout:raised"),
        ({}, {"network": "bridge"}, "network:=bridge"),
        ({}, {"mounts": (Mount(source="/a", target="/b"),)}, "mount:/b=mounted"),
        ({"env": {"A": "1"}}, {"env": {"A": "2"}}, "env:A=another value"),
        ({"cwd": "/a"}, {"cwd": "/b"}, "cwd:=/b"),
    ],
)
def test_limits_and_circumstances(before: dict[str, object], after: dict[str, object], key: str) -> None:
    (atom,) = difference(run_of(spec=spec_of(**before)), run_of(spec=spec_of(**after)))
    assert atom.key == key


def test_an_image_explains_its_digest() -> None:
    before, after = run_of(image_digest="sha256:a"), run_of(image="python:3.12", image_digest="sha256:b")
    assert [atom.key for atom in difference(before, after)] == ["image:=python:3.12"]
    newer = run_of(image_digest="sha256:b")
    assert [atom.key for atom in difference(before, newer)] == ["digest"]


def test_words_of_a_command_and_a_command_that_was_written_anew() -> None:
    atoms = difference(run_of(command="pytest -q"), run_of(command="pytest -q --lf"))
    assert [atom.key for atom in atoms] == ["word:--lf=added"]
    anew = difference(run_of(command="a b c d"), run_of(command="e f g h"))
    assert [atom.key for atom in anew] == ["command"]
    script = difference(run_of(command="sh -c 'exit 1'"), run_of(command="sh -c 'exit 0'"))
    assert [atom.key for atom in script] == ["command"]


def test_names_of_the_environment_and_the_commit() -> None:
    before = run_of(context=Context(env_names=("A",), commit="c1"))
    after = run_of(context=Context(env_names=("A", "B"), commit="c2"))
    assert [atom.key for atom in difference(before, after)] == ["env:B=set", "commit"]
    assert difference(run_of(), run_of(context=Context(commit="c2"))) == (), "an unknown commit is no change"


def test_limits_that_an_import_noted() -> None:
    before = run_of(context=Context(attributes={"memory_limit_bytes": "1024"}))
    after = run_of(context=Context(attributes={"memory_limit_bytes": "2048"}))
    assert [atom.key for atom in difference(before, after)] == ["memory:raised"]


def test_only_what_can_have_mattered_is_credited() -> None:
    memory, env = Atom(kind="memory", before="1", after="2"), Atom(kind="env", name="A", after="set")
    assert credited([memory, env], "dependency") == [env]
    assert credited([memory], "oom") == [memory]
    assert credited([Atom(kind="commit")], "package_mirror") == []


@pytest.mark.parametrize(
    ("advice", "atom", "wanted"),
    [
        ("Raise the memory limit of the job", Atom(kind="memory", before="1", after="2"), True),
        ("Raise the memory limit of the job", Atom(kind="memory", before="2", after="1"), False),
        ("Raise the memory limit of the job", Atom(kind="commit"), False),
        ("Increase the timeout", Atom(kind="timeout", before="1", after="2"), True),
        ("pip install --no-cache-dir x", Atom(kind="word", name="--no-cache-dir", after="added"), True),
        ("pip install x", Atom(kind="word", name="pi", after="added"), False),
        ("Use the image python:3.12", Atom(kind="image", after="python:3.12"), True),
    ],
)
def test_advice_in_words_is_recognised_in_what_was_done(advice: str, atom: Atom, wanted: bool) -> None:
    assert follows(advice, [atom]) is wanted


def test_doing_nothing_follows_the_advice_to_try_again_only() -> None:
    assert follows("Try it again", [])
    assert not follows("Raise the memory limit", [])


@pytest.mark.parametrize(
    "atom",
    [
        Atom(kind="memory", before=None, after="1024"),
        Atom(kind="cpus", before="1", after="2"),
        Atom(kind="timeout", before="60", after="120"),
        Atom(kind="image", before="a", after=None),
        Atom(kind="digest", before="a", after="b"),
        Atom(kind="command", before="a", after="b"),
        Atom(kind="word", name="-x", before="removed"),
        Atom(kind="env", name="A", after="set"),
        Atom(kind="env", name="A", before="set"),
        Atom(kind="mount", name="/x", after="mounted"),
        Atom(kind="network", before="none", after="bridge"),
        Atom(kind="cwd", before="/a", after="/b"),
        Atom(kind="commit", before="a", after="b"),
    ],
)
def test_every_change_can_be_told_and_advised(atom: Atom) -> None:
    assert told(atom)[0].isupper()
    assert advised(atom)[0].isupper()
    assert not advised(atom).split()[0].endswith("ing")
