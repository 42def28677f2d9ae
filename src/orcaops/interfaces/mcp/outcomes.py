"""Outcomes: what an agent found to help, or not to, so that whoever meets the failure next knows it."""

from pydantic import Field

from orcaops.interfaces.mcp.call import BY, Call
from orcaops.interfaces.mcp.insights import Note
from orcaops.interfaces.mcp.jobs import JobAsked
from orcaops.interfaces.mcp.tool import tool
from orcaops.model.errors import conflict, invalid
from orcaops.model.identity import Id
from orcaops.model.solution import Advice, Effect, SolutionTaught
from orcaops.model.word import Word


class OutcomeAsked(JobAsked):
    """What was tried for a failed job, and whether it helped."""

    solution_id: Id | None = Field(None, description="A solution that orcaops_debug_job named.")
    solution: Advice | None = Field(
        None, description="Or a new one in words, kept for this job's kind of failure."
    )
    pattern_id: Id | None = Field(None, description="With `solution`: for every failure of this pattern.")
    helped: bool | None = Field(None, description="Whether the job passed after it; null: not tried yet.")
    note: Note | None = None


class Recorded(Word):
    """What was recorded: the solution, whether it is new, and what people have said of it so far."""

    solution_id: Id
    taught: bool
    effect: Effect | None = None


@tool("Record what helped", writes=True)
async def record_outcome(call: Call, asked: OutcomeAsked) -> Recorded:
    """Record that a solution helped a failed job, or did not, or teach a new one. Later answers count it."""
    if (asked.solution_id is None) == (asked.solution is None):
        raise invalid(
            "give either solution_id or solution",
            where="solution_id",
            hint="orcaops_debug_job names solutions; put a new one in words into solution.",
        )
    if asked.solution_id is not None and asked.pattern_id is not None:
        raise invalid("a solution knows its pattern", where="pattern_id", hint="Leave out pattern_id.")
    if asked.solution_id is not None and asked.helped is None:
        raise invalid("say whether it helped", where="helped", hint="true or false.")
    return await call.wait_for(_recorded, call, asked)


def _recorded(call: Call, asked: OutcomeAsked) -> Recorded:
    knowledge, workspace = call.house.knowledge, call.workspace(asked.workspace)
    its_id, taught = asked.solution_id, False
    call.house.jobs.get(workspace, asked.job_id)
    if asked.solution is not None:
        given = SolutionTaught(
            text=asked.solution,
            pattern_id=asked.pattern_id,
            signature=None if asked.pattern_id else _signature(call, workspace, asked.job_id),
        )
        its_id, taught = knowledge.teach_solution(workspace, given, by=BY).id, True
    effect = None
    if asked.helped is not None and its_id is not None:
        effect = knowledge.feedback(
            workspace, its_id, helped=asked.helped, by=BY, job_id=asked.job_id, note=asked.note
        )
    return Recorded(solution_id=its_id or "", taught=taught, effect=effect)


def _signature(call: Call, workspace: str, job_id: str) -> str:
    signature = call.house.failures.debug(workspace, job_id).signature
    if signature is None:
        raise conflict(
            f"{job_id} did not fail: nothing is there to be solved",
            where="job_id",
            hint="Name the failed job, not the one that passed after it.",
        )
    return signature


TOOLS = (record_outcome,)
