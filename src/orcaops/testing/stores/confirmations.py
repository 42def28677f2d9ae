"""What every store must hold of runs that confirm others."""
# ruff: noqa: D102  the name of a check says what it checks

import dataclasses
from datetime import timedelta

from orcaops.recording.confirmation import Confirmation
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START


class ConfirmationsConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_a_run_is_confirmed_once(self, store: Store) -> None:
        wanted = Confirmation(
            workspace="default", job_id="j", anomaly_id="a", state="wanted", because="slow", at=START
        )
        with store.write() as transaction:
            confirmations = transaction.confirmations
            confirmations.want(wanted)
            assert confirmations.wanted(START, 9) == [wanted]
            assert confirmations.wanted(START + timedelta(seconds=1), 9) == []
            running = dataclasses.replace(wanted, state="running", rerun_id="r")
            confirmations.keep(running)
            confirmations.want(wanted)
            assert confirmations.wanted(START, 9) == []
            assert confirmations.of_rerun("default", "r") == running == confirmations.of_run("default", "j")
            assert confirmations.of_rerun("other", "r") is None
            assert (confirmations.begun_since(START), confirmations.begun_since(START + timedelta(1))) == (
                1,
                0,
            )
