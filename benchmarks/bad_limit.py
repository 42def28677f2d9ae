"""A limit that begins to kill, on the engine that answers here: what becomes of the jobs it kills."""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

IMAGE = "orcaops-test/work:1"
_MIB = 1024 * 1024
_LIMIT = 256 * _MIB
_LIGHT, _HEAVY = 40, 210  # MiB; the first canary is at 192
_BEFORE, _AFTER = 4, 6  # jobs before the work grows, and from then on; the fifth job is the first candidate
_SCRIPT = """\
import os
held = bytearray(int(os.environ["HELD_MIB"]) << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
print("held", len(held) >> 20)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """``killed`` of ``jobs`` were killed by the changed limit, ``lost`` did not succeed in the end.

    ``would_be_lost`` need more than the changed limit; ``log`` is the history of the change.
    """

    jobs: int
    killed: int
    lost: int
    would_be_lost: int
    state: str
    log: tuple[str, ...]
    retried: tuple[str, ...]


def bad_limit() -> Found | None:
    """Let OrcaOps lower a limit that 25 past runs never needed, and let the work grow.

    None where no engine has the image.
    """
    from orcaops import config
    from orcaops.app import build, now
    from orcaops.model.job import JobSpec
    from orcaops.model.key import key_of
    from orcaops.model.optimization import Mode
    from orcaops.model.override import OptimizedField
    from orcaops.model.run import Cause, Run, Status, Usage

    def job(held_mib: int) -> JobSpec:
        return JobSpec(
            image=IMAGE,
            command=("python3", "-c", _SCRIPT),
            env={"HELD_MIB": str(held_mib)},
            memory=_LIMIT,
            executor="docker",
        )

    def past(number: int, at: datetime) -> Run:
        spec = job(_LIGHT)
        held = (_LIGHT + 5 + number % 4) * _MIB
        return Run(
            job_id=f"past-{number:02}",
            key=key_of(image=spec.image, command_line=spec.command_line(), name=None),
            status=Status.SUCCEEDED,
            cause=Cause.SUCCESS,
            exit_code=0,
            submitted_at=at,
            started_at=at,
            finished_at=at + timedelta(seconds=1),
            duration_s=1.0,
            image=IMAGE,
            command=spec.command_line(),
            executor="docker",
            requested=spec,
            effective=spec,
            usage=Usage(
                memory_peak_bytes=held,
                memory_resident_bytes=held,
                memory_resident_basis="exact",
                exact=True,
                basis="cgroup_v1",
            ),
        )

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        app = build(config.load({"home": home}, environment={}, folder=home, user_file=home / "none"))
        try:
            images = app.upkeep.images()
            if not any(name.split("@")[0] == IMAGE for name in images):
                return None
            begin = now() - timedelta(days=30)
            with app.store.write() as transaction:
                transaction.runs.add_new([past(n, begin + timedelta(days=n)) for n in range(25)])
            app.optimizations.set_mode("default", Mode.AUTO, field=OptimizedField.MEMORY, by="bench")
            app.absorber.absorb_all()
            finals = [app.jobs.run(job(_LIGHT if n < _BEFORE else _HEAVY)) for n in range(_BEFORE + _AFTER)]
            changes = app.optimizations.optimizations("default").items
            (change,) = (each for each in changes if each.field is OptimizedField.MEMORY)
            records = app.jobs.page("default", limit=200).items
            killed = [run for run in records if run.cause is Cause.OOM_KILLED]
            return Found(
                jobs=len(finals),
                killed=len(killed),
                lost=sum(final.status is not Status.SUCCEEDED for final in finals),
                would_be_lost=_AFTER,
                state=str(change.state),
                log=tuple(
                    f"{entry.by} {entry.event} {entry.state}: {entry.reason}" for entry in change.history
                ),
                retried=tuple(final.job_id for final in finals if final.attempt == 2),
            )
        finally:
            app.close()
