"""Many runs of one key, and many keys of one run, at a hundredth of the size that `make bench` measures."""

import time
from dataclasses import replace

from orcaops import plugins
from orcaops.learning.baselines import learner as baseline
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.scoring import Scores
from orcaops.model.sample import Sample
from orcaops.testing.learners import LARGEST_MEMORY_BYTES, samples_of_job


def loop() -> Loop:
    return Loop([Scores(), baseline, *plugins.find("detector"), *plugins.find("predictor")])


def test_ten_thousand_runs_of_one_key() -> None:
    values = [60.0 + place % 7 for place in range(2_000)]
    learners, book = loop(), MemoryBook()
    seconds = []
    for part in range(5):
        samples = samples_of_job(values, "duration", first=2_000 * part)
        began = time.process_time()
        learners.absorb([[sample] for sample in samples], book)
        sizes = [len(memory) for memory in book.drain().values()]
        seconds.append(time.process_time() - began)
    assert not learners.health
    assert max(sizes) <= LARGEST_MEMORY_BYTES
    assert seconds[-1] < 2 * seconds[1] + 0.5, f"the last runs take longer than the first: {seconds}"


def test_a_thousand_keys_of_one_run() -> None:
    def runs() -> list[list[Sample]]:
        [sample] = samples_of_job([12.0], "duration")
        return [
            [
                replace(
                    sample, job_id=f"j{n}", key=f"name:{n}", scopes={"key": f"name:{n}", "command": f"c{n}"}
                )
            ]
            for n in range(1_000)
        ]

    learners, book = loop(), MemoryBook(capacity=100)
    told = learners.absorb(runs(), book)
    assert not learners.health
    assert not told.anomalies
    assert len(told.keys) == 1_000
    stored = book.drain()
    own = [len(memory) for address, memory in stored.items() if address.level == "key"]
    assert sum(own) / 1_000 < 6_000
    assert max(map(len, stored.values())) <= LARGEST_MEMORY_BYTES
