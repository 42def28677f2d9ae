"""What every test gets: a home of its own, no way to the real one, and the same arithmetic everywhere."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Before numpy is imported: results and timings must not depend on the number of cores.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_threads] = "1"

# Programs heed it that a signal is ignored; whoever runs the tests behind nohup or in a script's background,
# where a hang-up or an interrupt is, does not mean theirs.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says something about the machine, so nothing is judged by it.
_timeless = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("dev", max_examples=25, **_timeless)
settings.register_profile("ci", max_examples=100, derandomize=True, print_blob=True, **_timeless)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

SERVICES = {
    "live": ("ORCAOPS_TEST_ENGINE", "a container engine"),
    "postgres": ("ORCAOPS_TEST_POSTGRES", "a PostgreSQL server"),
}
KEPT = ("ORCAOPS_TEST_", "ORCAOPS_BENCH_", "ORCAOPS_REQUIRE_")
_not_run: Counter[str] = Counter()


@pytest.fixture(scope="session", autouse=True)
def _unusable_real_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The default home cannot be made: who forgets ``ORCAOPS_HOME`` fails at once, writing nothing."""
    home = tmp_path_factory.mktemp("user")
    (home / ".orcaops").write_text("a file, so that nothing can be kept below it")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in list(os.environ):
            if name.startswith("XDG_") or (name.startswith("ORCAOPS_") and not name.startswith(KEPT)):
                patch.delenv(name)
        patch.setenv("ORCAOPS_RUN_WARM", "0")  # no test leaves a process behind
        yield


@pytest.fixture(autouse=True)
def orcaops_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, _unusable_real_home: None
) -> Path:
    """The home folder of this test alone; it does not exist yet, as for a new user."""
    home = tmp_path_factory.mktemp("home") / "orcaops"
    monkeypatch.setenv("ORCAOPS_HOME", str(home))
    return home


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test whose service is missing is skipped, or fails where ``ORCAOPS_REQUIRE_LIVE=1``."""
    for mark, (variable, service) in SERVICES.items():
        if item.get_closest_marker(mark) is None or os.environ.get(variable):
            continue
        reason = f"needs {service}: {variable} is not set (scripts/with-live-services sets it)"
        if os.environ.get("ORCAOPS_REQUIRE_LIVE"):
            pytest.fail(reason, pytrace=False)
        _not_run[f"for want of {service}; scripts/with-live-services starts one where it may"] += 1
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What did not run is said in plain words, not only counted."""
    for why, n in _not_run.items():
        terminalreporter.write_line(f"not run: {n} tests {why}")
