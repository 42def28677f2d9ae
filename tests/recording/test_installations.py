"""What installers print, with the time stamps of their lines."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from orcaops.model.installing import installer_of, installers
from orcaops.model.logline import LogLine, Stream
from orcaops.recording.installations import READ_LETTERS, installations_in, installations_of
from orcaops.testing.advisors import a_run

START = datetime(2026, 1, 1, tzinfo=UTC)


def lines(*timed: tuple[float, str]) -> list[LogLine]:
    found, offset = [], 0
    for seconds, text in timed:
        at = START + timedelta(seconds=seconds)
        found.append(LogLine(offset=offset, stream=Stream.STDOUT, at=at, text=text))
        offset += len(text) + 1
    return found


def text_of(some: list[LogLine]) -> str:
    return "\n".join(line.text for line in some)


PIP = lines(
    (1.0, "Collecting requests"),
    (1.5, "  Downloading requests-2.31.0-py3-none-any.whl (62 kB)"),
    (2.0, "Collecting numpy"),
    (4.0, "  Downloading numpy-1.26.tar.gz (15.8 MB)"),
    (9.0, "Successfully installed numpy-1.26 requests-2.31.0"),
    (60.0, "===== 3 passed in 51 s ====="),
)


def test_its_time_goes_from_the_start_to_its_last_line() -> None:
    [found] = installations_of(text_of(PIP), PIP, START)
    assert (found.tool, found.seconds, found.bytes, found.lines) == ("pip", 9.0, 15_862_000, 5)


def test_several_tools_each_have_their_own() -> None:
    mixed = lines(
        (2.0, "Get:1 http://deb.example.org stable/main amd64 git amd64 1:2.39 [7256 kB]"),
        (5.0, "Fetched 8.1 MB in 3s (2.7 MB/s)"),
        (8.0, "Setting up git (1:2.39) ..."),
        (8.5, "Collecting requests"),
        (9.5, "Successfully installed requests-2.31.0"),
    )
    found = {each.tool: each for each in installations_of(text_of(mixed), mixed, START)}
    assert {name: each.seconds for name, each in found.items()} == {"apt": 8.0, "pip": 1.5}
    assert found["apt"].bytes == 8_100_000
    assert found["pip"].bytes is None


def test_lines_are_not_touched_where_nothing_is_installed() -> None:
    read: list[LogLine] = []

    def noted() -> Iterator[LogLine]:
        for line in PIP:
            read.append(line)
            yield line

    assert installations_of("collecting stamps\nall good\n", noted(), START) == ()
    assert installations_of("x" * READ_LETTERS + "\nCollecting requests\n", noted(), START) == ()
    assert read == []


@pytest.mark.parametrize(
    ("command", "tool"),
    [
        ("pip install -r requirements.txt", "pip"),
        ("python -m pip install .", "pip"),
        ("uv sync --frozen", "uv"),
        ("poetry install --no-root", "poetry"),
        ("npm ci", "npm"),
        ("pnpm install --frozen-lockfile", "pnpm"),
        ("yarn install", "yarn"),
        ("apt-get -y install git", "apt"),
        ("apk add --no-cache git", "apk"),
        ("dnf install -y gcc", "dnf"),
        ("cargo build --release", "cargo"),
        ("go mod download", "go"),
        ("mvn -B package", "maven"),
        ("./gradlew build", "gradle"),
        ("bundle install", "bundler"),
        ("composer install", "composer"),
        ("docker build -t x .", "docker"),
        ("sh -c 'cd x && npm ci && npm test'", "npm"),
        ("pytest -q", None),
        ("echo pipeline installed", None),
        ("npm test", None),
    ],
)
def test_commands(command: str, tool: str | None) -> None:
    found = installer_of(command)
    assert (found.name if found else None) == tool


def test_the_table_is_whole() -> None:
    assert len(installers()) == 16
    assert all(each.folder and each.prepared for each in installers())


def test_what_a_tool_says_of_its_time_counts_where_lines_have_none() -> None:
    log = "added 1204 packages, and audited 1205 packages in 45s\n> test\nok\n"
    [found] = installations_in(log, a_run(0))
    assert (found.tool, found.seconds) == ("npm", 45.0)
    [found] = installations_in("Fetched 60.5 MB in 12s (5,000 kB/s)\n", a_run(0))
    assert (found.tool, found.seconds, found.bytes) == ("apt", 12.0, 60_500_000)
    [found] = installations_in("Collecting requests\nSuccessfully installed requests\n", a_run(0))
    assert (found.tool, found.seconds) == ("pip", 0.0), "nothing is known of its time, and nothing is made up"


def test_time_stamps_of_another_system_are_read() -> None:
    begun = a_run(0).started_at
    assert begun is not None
    stamped = [
        (begun + timedelta(seconds=s), text) for s, text in ((1, "Collecting a"), (31.5, "Collecting b"))
    ]
    log = "".join(f"{at:%Y-%m-%dT%H:%M:%S.%f}7Z {text}\r\n" for at, text in stamped)
    [found] = installations_in(log, a_run(0))
    assert (found.tool, found.seconds, found.lines) == ("pip", 31.5, 2)
    assert installations_in("2026-99-99T99:99:99.0Z Collecting a", a_run(0)) == ()
    assert installations_in("", a_run(0)) == ()


@pytest.mark.parametrize(
    ("command", "output", "tool"),
    [
        ("cargo fetch && cargo test", ("  Downloading crates ...", "  Downloaded serde v1.0.1"), "cargo"),
        ("sh ci.sh", ("    Updating crates.io index", "  Downloaded serde v1.0.1"), "cargo"),
        (
            "mvn -B verify",
            ("Downloading from central: https://repo/x.pom", "Downloaded from central: https://repo/x.pom"),
            "maven",
        ),
        (
            "composer install",
            ("Installing dependencies from lock file", "  - Installing a/b (1.0): Extracting"),
            "composer",
        ),
        (
            "poetry install",
            ("Installing dependencies from lock file", "  - Installing idna (3.6)"),
            "poetry",
        ),
        ("yarn install && yarn test", ("yarn install v1.22.19", "Done in 9.00s."), "yarn"),
        ("pnpm install", ("Packages: +500", "Done in 9s"), "pnpm"),
        ("uv sync", ("Resolved 5 packages in 1ms", "Downloading numpy (15.8MiB)"), "uv"),
    ],
)
def test_lines_that_several_tools_print_are_of_one(command: str, output: tuple[str, str], tool: str) -> None:
    some = lines((0.0, output[0]), (9.0, output[1]))
    [found] = installations_of(text_of(some), some, START, command=command)
    assert (found.tool, found.seconds) == (tool, 9.0)


def test_how_a_tool_ends_counts_after_one_of_its_own_lines_only() -> None:
    some = lines((0.0, "$ vite build"), (9.0, "Done in 9.00s."))
    assert installations_of(text_of(some), some, START, command="yarn build") == ()


def test_what_is_installed_altogether_was_not_downloaded() -> None:
    some = lines((0.0, "fetch https://dl/x"), (2.0, "OK: 200 MiB in 30 packages"))
    [found] = installations_of(text_of(some), some, START)
    assert (found.tool, found.bytes) == ("apk", None)


def test_an_output_of_empty_lines_is_read_at_once() -> None:
    text = "\n" * READ_LETTERS
    begun = time.process_time()
    assert installations_of(text, [], None) == ()
    assert time.process_time() - begun < 1.0  # it took minutes
