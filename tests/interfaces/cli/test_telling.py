"""What a person is told of a run at its end."""

import pytest

from orcaops.interfaces.cli.telling import tell_finished
from orcaops.model.quantities import MIB
from orcaops.model.run import Usage
from orcaops.testing.stores import make_run


def test_memory_that_was_looked_at_once_only_is_not_told_as_what_the_run_held(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen = Usage(memory_resident_bytes=80 * 1024, memory_resident_basis="sampled", memory_peak_bytes=4 * MIB)
    for samples, told in ((1, "memory 4.0 MiB"), (10, "memory 80.0 KiB")):
        tell_finished(make_run(1, usage=seen.model_copy(update={"memory_samples": samples})), [])
        assert told in capsys.readouterr().err
