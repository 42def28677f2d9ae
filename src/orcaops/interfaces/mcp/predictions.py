"""Predictions for agents: what a job will take, before it runs."""

from orcaops.interfaces.mcp.call import Call
from orcaops.interfaces.mcp.jobs import SpecAsked, spec_of
from orcaops.interfaces.mcp.tool import tool
from orcaops.model.prediction import Forecasts


@tool("Predict a job")
async def predict_job(call: Call, asked: SpecAsked) -> Forecasts:
    """How long a job will take, how much memory it needs, how likely it fails, what it costs. Runs nothing.

    Takes what `orcaops_run_job` takes. Each answer is a number with an interval and how much history stands
    behind it, or an abstention that says what is missing.
    """
    return await call.ask(call.house.predictions.predict, spec_of(call, asked))


TOOLS = (predict_job,)
