from pathlib import Path

import pytest

from .conftest import Command


def settings(orcaops: Command, *arguments: str) -> dict[str, tuple[object, str]]:
    shown = orcaops("config", "show", "--json", *arguments)
    assert shown.code == 0
    return {each["name"]: (each["value"], each["origin"]) for each in shown.documents}


def test_flag_over_environment_over_file_over_user_file_over_default(
    orcaops: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def workspace(*arguments: str) -> tuple[object, str]:
        return settings(orcaops, *arguments)["workspace"]

    user = tmp_path / "user.toml"
    monkeypatch.setenv("ORCAOPS_CONFIG", str(user))
    assert workspace() == ("default", "default")
    user.write_text('workspace = "user"\n')
    assert workspace() == ("user", str(user))
    Path("orcaops.toml").write_text('workspace = "here"\n')
    assert workspace() == ("here", str(tmp_path / "orcaops.toml"))
    monkeypatch.setenv("ORCAOPS_WORKSPACE", "environment")
    assert workspace() == ("environment", "ORCAOPS_WORKSPACE")
    assert workspace("--workspace", "flag") == ("flag", "flag --workspace")


def test_every_command_obeys_it(orcaops: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert orcaops("run", "--workspace", "a", "--", "true").code == 0
    assert orcaops("jobs", "list", "--json").documents == []
    monkeypatch.setenv("ORCAOPS_WORKSPACE", "a")
    assert len(orcaops("jobs", "list", "--json").documents) == 1


def test_secrets_are_masked(orcaops: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCAOPS_TOKEN", "hunter2")
    monkeypatch.setenv("ORCAOPS_STORE_URL", "postgresql+psycopg://me:hunter2@/db")
    for arguments in ([], ["--origin"], ["--json"]):
        shown = orcaops("config", "show", *arguments)
        assert shown.code == 0
        assert "hunter2" not in shown.text


@pytest.mark.parametrize(
    ("variable", "value", "file"),
    [
        ("ORCAOPS_SERVER_PORT", "many", None),
        ("ORCAOPS_RUN_GRACE_S", "-1", None),
        (None, None, "[server]\nport = 'x'\n"),
        (None, None, "nonsense = 1\n"),
        (None, None, "[run]\nnonsense = 1\n"),
        (None, None, "not toml at all ["),
    ],
)
def test_what_cannot_be_names_its_place(
    variable: str | None,
    value: str | None,
    file: str | None,
    orcaops: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if file is not None:
        Path("orcaops.toml").write_text(file)
    if variable is not None and value is not None:
        monkeypatch.setenv(variable, value)
    for command in (["config", "show"], ["jobs", "list"], ["run", "--", "true"]):
        answer = orcaops(*command)
        assert answer.code == 2
        assert (variable or "orcaops.toml") in answer.err


def test_lists_are_shown_line_by_line(orcaops: Command) -> None:
    shown = orcaops("config", "show", "--origin").text
    assert max(map(len, shown.splitlines())) < 120
    assert "/run/docker.sock" in shown


def test_durations_and_sizes_are_shown_as_they_are_written(orcaops: Command) -> None:
    Path("orcaops.toml").write_text('[run]\ntimeout = "1h30m"\n[policy]\nmax_memory = "4g"\n')
    lines = [line.split() for line in orcaops("config", "show").text.splitlines()]
    shown = {words[0]: words[-1] for words in lines}
    assert (shown["run.timeout"], shown["policy.max_memory"]) == ("1h30m", "4g")
    assert (shown["sandboxes.idle_limit"], shown["run.log_limit"], shown["server.port"]) == (
        "30m",
        "256m",
        "8750",
    )
    assert settings(orcaops)["run.timeout"][0] == 5400.0
