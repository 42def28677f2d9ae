"""Insights for agents: what is normal, what is not, and what people say about it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from orcaops.interfaces.mcp.call import BY, Call
from orcaops.interfaces.mcp.jobs import Cursor, Limit
from orcaops.interfaces.mcp.tool import Asked, tool
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.baseline import Baseline
from orcaops.model.errors import invalid
from orcaops.model.identity import Id
from orcaops.model.query import Page

Note = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00]*$")]


class BaselinesAsked(Asked):
    """Which baselines."""

    key: Key | None = Field(None, description="Exactly this one, with its recent durations.")
    text: Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00]*$")] = Field(
        "", description="A part of the key, e.g. `pytest`."
    )
    limit: Limit = 20
    cursor: Cursor = None


class AnomaliesAsked(Asked):
    """Which anomalies."""

    job_id: Id | None = Field(
        None, description="Those of this job, also where it joined an episode; without other filters."
    )
    key: Key | None = Field(None, description="Only of this baseline key.")
    type: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z_]+$")] | None = Field(
        None, description="Only of this type: duration, memory, error, flaky, …"
    )
    severity: Severity | None = None
    acknowledged: bool | None = None
    open: bool | None = Field(None, description="Only episodes that go on (true) or are over (false).")
    text: Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00]*$")] = Field(
        "", description="A part of the title or description."
    )
    limit: Limit = 20
    cursor: Cursor = None


class DecisionAsked(Asked):
    """What to note about an anomaly."""

    anomaly_id: Id
    decision: Literal["acknowledge", "resolve", "reopen"]
    note: Note | None = Field(None, description="Why; for `resolve` what ended it, which is then required.")
    not_a_problem: bool = Field(
        False, description="With `resolve`: later ones alike and not larger are told to nobody."
    )


@tool("What is normal")
async def get_baselines(call: Call, asked: BaselinesAsked) -> Page[Baseline]:
    """What is normal for a job: how long it takes, how much memory, how often it succeeds.

    A key names the same work: `image:<reference>|command:<command>` or `name:<name>`. Durations are seconds,
    memory is MiB, null is unknown.
    """
    insights, workspace = call.house.insights, call.workspace(asked.workspace)
    if asked.key is not None:
        if asked.text or asked.cursor:
            raise invalid("a key names one baseline", where="key", hint="Leave out text and cursor.")
        return Page[Baseline](items=(await call.ask(insights.baseline, workspace, asked.key),), total=1)
    page = await call.ask(
        insights.baselines, workspace, text=asked.text, limit=asked.limit, cursor=asked.cursor
    )
    brief = tuple(baseline.model_copy(update={"recent_durations": ()}) for baseline in page.items)
    return page.model_copy(update={"items": brief})


@tool("What was unusual")
async def get_anomalies(call: Call, asked: AnomaliesAsked) -> Page[Anomaly]:
    """What was unusual: runs slower, larger, or failing otherwise than their baseline, latest first.

    Each anomaly is one episode with the numbers that show it, and the runs that belong to it.
    """
    insights, workspace = call.house.insights, call.workspace(asked.workspace)
    if asked.job_id is not None:
        if asked.model_fields_set - {"job_id", "workspace", "limit"}:
            raise invalid("a job's anomalies come whole", where="job_id", hint="Leave out the other filters.")
        await call.ask(call.house.jobs.get, workspace, asked.job_id)  # an unknown job is not one without any
        found = await call.ask(insights.anomalies_of, workspace, asked.job_id)
        return Page[Anomaly](items=tuple(found[: asked.limit]), total=len(found))
    given = asked.model_dump(mode="json", include=_FILTERS, exclude_none=True)
    filters = {name: str(value) for name, value in given.items()}
    return await call.ask(
        insights.anomalies,
        workspace,
        filters=filters or None,
        text=asked.text,
        limit=asked.limit,
        cursor=asked.cursor,
    )


_FILTERS = {"key", "type", "severity", "acknowledged", "open"}


@tool("Decide about an anomaly", writes=True)
async def resolve_anomaly(call: Call, asked: DecisionAsked) -> Anomaly:
    """Note that somebody has seen an anomaly, what ended it, or that it is open again.

    The note stays with it for whoever looks next.
    """
    insights, place = call.house.insights, (call.workspace(asked.workspace), asked.anomaly_id)
    if asked.decision == "resolve":
        return await call.ask(
            insights.resolve, *place, by=BY, resolution=asked.note or "", not_a_problem=asked.not_a_problem
        )
    if asked.not_a_problem:
        raise invalid("only a resolution can say so", where="not_a_problem", hint="Use decision `resolve`.")
    decide = insights.acknowledge if asked.decision == "acknowledge" else insights.reopen
    return await call.ask(decide, *place, by=BY, note=asked.note)


TOOLS = (get_baselines, get_anomalies, resolve_anomaly)
