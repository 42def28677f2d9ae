"""Configuration: the order of the layers, the origins, and clear errors."""

from pathlib import Path

import pytest

from orcaops import config
from orcaops.model.errors import ErrorCode, OrcaError


def load(tmp_path: Path, *, file: str = "", user: str = "", **environment: str) -> config.Configuration:
    (tmp_path / "orcaops.toml").write_text(file)
    (tmp_path / "user.toml").write_text(user)
    return config.load(environment=environment, folder=tmp_path, user_file=tmp_path / "user.toml")


def test_defaults_say_so(tmp_path: Path) -> None:
    found = {setting.name: setting for setting in load(tmp_path).each()}
    assert found["run.grace_s"].value == 3.0
    assert {setting.origin for setting in found.values()} == {"default"}


def test_the_nearest_layer_wins(tmp_path: Path) -> None:
    file, user = "[server]\nport = 2", "[server]\nport = 1\nconcurrency = 3"
    here = load(tmp_path, file=file, user=user)
    assert (here.settings.server.port, here.settings.server.concurrency) == (2, 3)
    there = load(tmp_path, file=file, user=user, ORCAOPS_SERVER_PORT="4")
    assert there.settings.server.port == 4
    flagged = config.load(
        {"server.port": 5},
        environment={"ORCAOPS_SERVER_PORT": "4"},
        folder=tmp_path,
        user_file=tmp_path / "user.toml",
    )
    origins = {setting.name: setting.origin for setting in flagged.each()}
    assert flagged.settings.server.port == 5
    assert origins["server.port"] == "flag --port"
    assert origins["server.concurrency"] == str(tmp_path / "user.toml")


def test_a_table_of_the_policy_is_replaced_by_parts(tmp_path: Path) -> None:
    found = load(tmp_path, file='[policy.images]\nallow = ["python:*"]').settings
    assert found.policy.images.allow == ("python:*",)


def test_lists_in_variables(tmp_path: Path) -> None:
    assert load(tmp_path, ORCAOPS_PLUGINS_DIRS="/a,/b").settings.plugins.dirs == (Path("/a"), Path("/b"))
    assert load(tmp_path, ORCAOPS_PLUGINS_DIRS='["/a"]').settings.plugins.dirs == (Path("/a"),)


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("[server]\nport = 70000", "server.port"),
        ("[server]\nprot = 1", "server.prot"),
        ("nothing = 1", "nothing"),
        ("= broken", "cannot be read"),
        ("server = 3", "server"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path: Path, file: str, says: str) -> None:
    with pytest.raises(OrcaError) as refused:
        load(tmp_path, file=file)
    assert refused.value.code is ErrorCode.INVALID
    assert says in str(refused.value)
    assert "orcaops.toml" in refused.value.where


def test_a_variable_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(OrcaError) as refused:
        load(tmp_path, ORCAOPS_SERVER_PORT="many")
    assert refused.value.where == "ORCAOPS_SERVER_PORT"


def test_a_token_is_never_shown(tmp_path: Path) -> None:
    shown = {setting.name: setting.value for setting in load(tmp_path, ORCAOPS_TOKEN="abc").each()}
    assert shown["token"] == "***"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of whom the system knows nothing but a number, as in many containers."""

    def unknown(_: object) -> None:
        raise KeyError("no such user")

    for name in ("HOME", "XDG_CONFIG_HOME", "ORCAOPS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)


@pytest.mark.usefixtures("nobody")
def test_a_user_without_a_folder_is_told_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(OrcaError) as caught:
        config.load(environment={}, folder=tmp_path)
    assert caught.value.code is ErrorCode.INVALID
    assert "ORCAOPS_HOME" in caught.value.hint
    named = config.load(environment={"ORCAOPS_HOME": str(tmp_path)}, folder=tmp_path)
    assert named.settings.home == tmp_path


def test_the_folder_of_an_unknown_user_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(OrcaError, match="no-such-user"):
        load(tmp_path, ORCAOPS_HOME="~no-such-user/x")
