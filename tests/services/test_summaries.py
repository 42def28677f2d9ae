"""A run told in a few lines, whatever it printed."""

import sys

import pytest

from orcaops.app import App
from orcaops.model.job import JobSpec

PRINTS = {
    "no line end": "'e' * 3_000_000",
    "zero bytes": "chr(0) * 3_000_000 + 'Error: end'",
    "a progress bar": "''.join(f'\\rat {n}' for n in range(300_000)) + 'Error: end'",
    "control letters": "'\\x1b[31mError: red\\x1b[0m\\x07'",
}


@pytest.mark.parametrize("kind", PRINTS)
def test_a_summary_is_short_and_plain_whatever_was_printed(app: App, kind: str) -> None:
    program = f"import sys; sys.stdout.write({PRINTS[kind]}); sys.exit(1)"
    run = app.jobs.run(JobSpec(name="bad", command=(sys.executable, "-c", program)))
    summary = app.jobs.summary("default", run.job_id)
    document = summary.model_dump_json()
    assert len(document) < 20_000
    assert "u001b" not in document
    assert "u0000" not in document
    assert summary.errors
