"""Scripts: what sets a machine up, with stand-ins for what it would change."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
Call = Callable[..., "subprocess.Popen[str]"]

ENGINE = """#!/bin/sh
case $1 in
    start) [ -e "$ORCAOPS_LIVE_STATE/engine" ] || echo "$$ 1" >"$ORCAOPS_LIVE_STATE/engine" ;;
    stop) rm "$ORCAOPS_LIVE_STATE/engine" ;;
esac
"""


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_what_is_installed_is_compiled() -> None:
    """Else every command compiles it anew where Python writes no bytecode."""
    import sqlalchemy

    assert Path(sqlalchemy.__cached__).is_file()


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """Calls a script with stand-ins first on its path."""
    stand_ins = tmp_path / "stand-ins"
    stand_ins.mkdir()
    program(stand_ins / "id", "#!/bin/sh\necho 0\n")
    program(stand_ins / "sleep", "#!/bin/sh\n")
    hidden = ("ORCAOPS_TEST_ENGINE", "ORCAOPS_TEST_POSTGRES")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {
        "PATH": f"{stand_ins}:{os.environ['PATH']}",
        "ORCAOPS_LIVE_STATE": str(tmp_path / "state"),
    }

    def start(*arguments: object) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [str(each) for each in arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


class TestAptInstall:
    def install(self, call: Call, tmp_path: Path, apt: str) -> "subprocess.CompletedProcess[str]":
        said = tmp_path / "said"
        program(tmp_path / "stand-ins" / "apt-get", f'#!/bin/sh\necho "$*" >>{said}\n{apt}')
        asked = call(SCRIPTS / "apt-install", "make")
        out, err = asked.communicate(timeout=120)
        return subprocess.CompletedProcess(said.read_text().splitlines(), asked.returncode, out, err)

    def test_a_mirror_that_is_away_for_a_moment_is_asked_again(self, call: Call, tmp_path: Path) -> None:
        once = (
            f"[ -e {tmp_path}/again ] && exit 0; touch {tmp_path}/again; echo 'E: no mirror' >&2; exit 100\n"
        )
        done = self.install(call, tmp_path, f"case $* in *install*) {once} ;; esac\n")
        assert done.returncode == 0
        assert [line.split()[-1] for line in done.args] == ["update", "make", "update", "make"]

    def test_lists_of_somebody_elses_that_cannot_be_read_are_no_hindrance(
        self, call: Call, tmp_path: Path
    ) -> None:
        done = self.install(call, tmp_path, "case $* in *update*) exit 100 ;; esac\n")
        assert (done.returncode, len(done.args)) == (0, 2)

    def test_what_cannot_be_is_said_in_a_sentence(self, call: Call, tmp_path: Path) -> None:
        done = self.install(call, tmp_path, "echo 'E: Unable to locate package make' >&2\nexit 100\n")
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == (
            "apt-install: make could not be installed: E: Unable to locate package make"
        )


class TestWithLiveServices:
    @pytest.fixture
    def here(self, tmp_path: Path) -> Path:
        folder = tmp_path / "scripts"
        folder.mkdir()
        shutil.copy(SCRIPTS / "with-live-services", folder)
        program(folder / "live-engine", ENGINE)
        program(folder / "live-images", "#!/bin/sh\n")
        program(folder / "live-postgres", "#!/bin/sh\necho ORCAOPS_TEST_POSTGRES=there\n")
        return folder / "with-live-services"

    def test_the_last_of_several_stops_what_one_of_them_started(
        self, call: Call, here: Path, tmp_path: Path
    ) -> None:
        engine = tmp_path / "state" / "engine"
        both = [call(here, "sh", "-c", "echo up; read line; exit 3") for _ in range(2)]
        for each in both:
            assert each.stdout is not None
            assert each.stdout.readline() == "up\n"
        assert engine.exists()
        both[0].communicate("end\n", timeout=120)
        assert engine.exists(), "the other one still works with it"
        both[1].communicate("end\n", timeout=120)
        assert not engine.exists()
        assert [each.returncode for each in both] == [3, 3]

    def test_what_somebody_started_is_left(self, call: Call, here: Path, tmp_path: Path) -> None:
        (tmp_path / "state").mkdir()
        engine = tmp_path / "state" / "engine"
        engine.write_text("1 1\n")
        call(here, "true").communicate(timeout=120)
        assert engine.read_text() == "1 1\n"
