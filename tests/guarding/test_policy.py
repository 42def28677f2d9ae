"""What a policy lets through, what it refuses, and how it says so."""

from os.path import normpath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orcaops.guarding.policy import Policy, Rule, apply, check
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec

LINKS = {"/home/me/link": "/etc", "/var/run": "/run", "/var/run/docker.sock": "/run/docker.sock"}


def resolve(path: str) -> str:
    plain = normpath(path)
    return LINKS.get(plain, plain)


def spec(**fields: Any) -> JobSpec:
    return JobSpec(**{"command": ("true",), **fields})


def allowed(policy: Policy, **fields: Any) -> bool:
    refusal = None
    try:
        check(policy, spec(**fields), resolve=resolve)
    except OrcaError as error:
        refusal = error
    assert refusal is None or refusal.code is ErrorCode.FORBIDDEN
    assert refusal is None or (refusal.where.startswith("policy.") and refusal.hint)
    return refusal is None


# --- the default


@pytest.mark.parametrize(
    "source",
    ["/", "/etc", "/etc/passwd", "/proc", "/sys/fs", "/dev/sda", "/var/run/docker.sock", "/run/docker.sock",
     "/run", "/var", "/var/run", "/var/lib/docker/volumes", "/home/../etc", "/home/me/link", "//etc/./x",
     "/run/user/1000/podman/podman.sock", "/run/user"],
)  # fmt: skip
def test_the_hosts_own_parts_cannot_be_mounted(source: str) -> None:
    assert not allowed(Policy(), image="x", mounts=(f"{source}:/mnt:ro",))


@pytest.mark.parametrize(
    "source", ["/home/me/src", "/srv", "/etcetera", "cache-volume", "/var/log", "/run/me"]
)
def test_everything_else_can(source: str) -> None:
    assert allowed(Policy(), image="x", mounts=(f"{source}:/mnt",))


@given(st.text(max_size=20), st.integers(1, 10**9))
def test_without_a_table_nothing_else_is_refused(name: str, number: int) -> None:
    policy = Policy()
    job = spec(
        image="any/image:tag",
        command=(f"x{name}".replace("\0", ""),),
        memory=number,
        timeout=1 + number % 1000,
    )
    assert apply(policy, job) == job


# --- images


@pytest.mark.parametrize(
    ("pattern", "image", "matches"),
    [
        ("python", "python", True),
        ("python", "python:3.11", True),
        ("python", "docker.io/library/python:3.11", True),
        ("python", "index.docker.io/library/python", True),
        ("python", "DOCKER.IO/library/python", True),
        ("python", "library/python", True),
        ("docker.io/library/python", "python:3.11", True),
        ("python", "evil/python", False),
        ("python", "docker.io/evil/python", False),
        ("python", "registry.example.com/library/python", False),
        ("python", "python-evil", False),
        ("python:3.*", "python:3.11", True),
        ("python:3.*", "python", False),
        ("python:latest", "python", True),
        ("team/*", "docker.io/team/app:1", True),
        ("registry.example.com:5000/*", "registry.example.com:5000/app:1", True),
        ("registry.example.com/*", "REGISTRY.example.com/app", True),
        ("*@sha256:*", "python@sha256:abc", True),
        ("*@sha256:*", "python:3.11@sha256:abc", True),
        ("*@sha256:*", "python:3.11", False),
    ],
)
def test_images(pattern: str, image: str, matches: bool) -> None:
    assert allowed(Policy(images=Rule(allow=(pattern,))), image=image) == matches
    assert allowed(Policy(images=Rule(deny=(pattern,))), image=image) == (not matches)


def test_a_tag_beside_a_digest_allows_nothing_but_denies() -> None:
    image = "python:3.11@sha256:abc"
    assert not allowed(Policy(images=Rule(allow=("python:3.11",))), image=image)
    assert not allowed(Policy(images=Rule(deny=("python:3.11",))), image=image)


# --- commands


@pytest.mark.parametrize(
    ("pattern", "fields", "refused"),
    [
        ("rm", {"command": ("rm", "-rf", "/")}, True),
        ("rm", {"command": ("/bin/rm", "x")}, True),
        ("rm -rf *", {"command": ("/bin/rm", "-rf", "/")}, True),
        ("rm -rf *", {"command": ("rm", "x")}, False),
        ("rm", {"command": ("echo", "rm")}, False),
        ("rm", {"commands": (("true",), ("rm", "x"))}, True),
        ("rm", {"shell": "cd / && rm -rf x"}, True),
        ("rm", {"shell": "true\nrm x"}, True),
        ("rm", {"shell": "echo 'rm x'"}, False),
        ("rm", {"shell": "echo rm"}, False),
        ("rm", {"shell": "if true; then rm x; fi"}, True),
        ("rm", {"shell": "echo $(rm x)"}, True),
        ("rm", {"shell": 'echo "$(rm x)"'}, True),
        ("rm", {"shell": "echo `rm x`"}, True),
        ("rm", {"shell": "(rm x) & wait"}, True),
        ("rm", {"shell": "A=1 B=2 rm x"}, True),
        ("rm", {"shell": "find . | xargs rm"}, True),
        ("rm", {"command": ("env", "A=1", "rm", "x")}, True),
        ("rm", {"command": ("sudo", "-n", "rm", "x")}, True),
        ("rm", {"command": ("timeout", "5", "rm", "x")}, True),
        ("rm", {"command": ("nice", "-n", "5", "sh", "-c", "rm x")}, True),
        ("rm", {"command": ("bash", "-euo", "pipefail", "-c", "rm x")}, True),
        ("rm", {"command": ("busybox", "rm", "x")}, True),
        ("rm", {"command": ("sh", "-c", "sh -c 'rm x'")}, True),
        ("curl*| sh", {"shell": "curl x.example | sh"}, False),
        ("*curl*|*sh*", {"shell": "curl x.example | sh"}, True),
        ("rm", {"shell": "echo 'an open quote"}, False),
    ],
)
def test_denied_commands(pattern: str, fields: dict[str, Any], refused: bool) -> None:
    policy = Policy(commands=Rule(deny=(pattern,)))
    assert allowed(policy, **{"command": None, **fields}) == (not refused)


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ({"command": ("pytest", "-q")}, True),
        ({"command": ("/usr/bin/pytest",)}, True),
        ({"command": ("make", "test")}, True),
        ({"command": ("make", "deploy")}, False),
        ({"shell": "pytest -q && make test"}, True),
        ({"shell": "pytest -q && rm x"}, False),
        ({"shell": "CI=1 pytest > log 2>&1"}, True),
        ({"shell": "pytest $(rm x)"}, False),
        ({"shell": "pytest `rm x`"}, False),
        ({"shell": "$HIDDEN x"}, False),
        ({"shell": "eval rm"}, False),
        ({"shell": "pytest 'open"}, False),
        ({"shell": "pytest <<EOF\nx\nEOF"}, False),
        ({"command": ("sh", "script")}, False),
        ({"command": ("env", "pytest")}, False),
    ],
)
def test_allowed_commands(fields: dict[str, Any], passes: bool) -> None:
    policy = Policy(commands=Rule(allow=("pytest", "make test")))
    assert allowed(policy, **{"command": None, **fields}) == passes


def test_a_shell_that_is_allowed_by_name_may_do_anything_but_what_is_denied() -> None:
    policy = Policy(commands=Rule(allow=("sh",), deny=("rm",)))
    assert allowed(policy, command=None, shell="eval $X")
    assert not allowed(policy, command=None, shell="rm x")


# --- mounts, networks, executors


def test_allowed_mounts_are_folders_with_all_below() -> None:
    policy = Policy(mounts=Rule(allow=("/home/*/src", "cache-*"), deny=("/home/*/src/secret",)))
    for source, passes in {
        "/home/me/src": True,
        "/home/me/src/a/b": True,
        "/home/me": False,
        "/home": False,
        "/home/me/src/secret": False,
        "/home/me/src/secret/key": False,
        "/home/me/other": False,
        "/home/me/src/../other": False,
        "cache-pip": True,
        "other-volume": False,
    }.items():
        expected = passes and source != "/home/me/src"  # it holds the secret one
        assert allowed(policy, image="x", mounts=(f"{source}:/m",)) == expected, source


def test_a_denied_folder_is_denied_by_its_other_name_too() -> None:
    policy = Policy(mounts=Rule(deny=("/home/me/link",)))
    assert not allowed(policy, image="x", mounts=("/etc/passwd:/m",))


def test_networks() -> None:
    policy = Policy(networks=Rule(allow=("none", "team-*")))
    assert allowed(policy, image="x")
    assert allowed(policy, image="x", network="team-a")
    assert not allowed(policy, image="x", network="bridge")
    assert not allowed(policy), "a job without an image is on the host's network"


def test_executors() -> None:
    policy = Policy(executors=Rule(deny=("process",)))
    assert not allowed(policy, executor="process")
    assert allowed(policy, image="x", executor="docker")


# --- limits


def test_a_missing_limit_becomes_the_maximum_and_a_larger_one_is_refused() -> None:
    policy = Policy(max_memory="1g", max_cpus=2, max_pids=100, max_timeout="1h")
    effective = apply(policy, spec(image="x"))
    assert (effective.memory, effective.cpus, effective.pids, effective.timeout) == (1 << 30, 2, 100, 3600)
    smaller = spec(image="x", memory="512m", cpus=1, pids=10, timeout=60)
    assert apply(policy, smaller) == smaller
    for field, value in {"memory": "2g", "cpus": 3, "pids": 101, "timeout": "2h"}.items():
        with pytest.raises(OrcaError, match=f"max_{field}") as refusal:
            apply(policy, spec(image="x", **{field: value}))
        assert refusal.value.where == f"policy.max_{field}"


# --- how it is said and written


def test_a_refusal_names_rule_value_and_what_would_do() -> None:
    policy = Policy(images=Rule(allow=("python", "team/*"), deny=("*:latest",)))
    with pytest.raises(OrcaError) as refusal:
        check(policy, spec(image="python:latest"))
    assert (refusal.value.code, refusal.value.where) == (ErrorCode.FORBIDDEN, "policy.images")
    assert refusal.value.message == "the policy forbids 'python:latest': images.deny has '*:latest'"
    assert refusal.value.hint == "Allowed: python, team/*, but not *:latest."
    with pytest.raises(OrcaError, match=r"nothing in images\.allow matches it"):
        check(policy, spec(image="alpine:3"))


def test_an_empty_allow_allows_nothing() -> None:
    assert not allowed(Policy(images=Rule(allow=())), image="python")


def test_a_table_is_read_strictly() -> None:
    assert Policy.model_validate({"max_memory": "4g", "images": {"allow": ["a"]}}).images.allow == ("a",)
    for wrong in ({"image": {}}, {"images": {"permit": []}}, {"max_memory": "lots"}, {"max_pids": 0}):
        with pytest.raises(ValidationError):
            Policy.model_validate(wrong)


names = st.sampled_from(["python", "alpine", "team/app"])


@given(st.lists(names), st.lists(names), names)
def test_deny_wins(allow: list[str], deny: list[str], image: str) -> None:
    policy = Policy(images=Rule(allow=tuple(allow), deny=tuple(deny)))
    assert allowed(policy, image=image) == (image in allow and image not in deny)


@given(st.text(max_size=60).filter(lambda line: line.strip() and "\0" not in line))
def test_no_shell_line_breaks_the_reading(line: str) -> None:
    allowed(Policy(commands=Rule(deny=("rm",))), command=None, shell=line)
    allowed(Policy(commands=Rule(allow=("ls",))), command=None, shell=line)
