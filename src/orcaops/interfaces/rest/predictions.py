"""Predictions over HTTP."""

from fastapi import APIRouter, Response

from orcaops.interfaces.rest.arguments import House, JsonBody, NoQuery, parsed
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.once import Once
from orcaops.model.job import JobSpec
from orcaops.model.prediction import Forecasts

router = APIRouter(tags=["predictions"])


@router.post(
    "/predictions",
    operation_id="predictJob",
    summary="Predict a job",
    response_model=Forecasts,
    responses=answers(409, 413, 415, 422, 503),
    openapi_extra=body_of(JobSpec),
)
def predict_job(house: House, once: Once, body: JsonBody, _asked: NoQuery) -> Response:
    """Duration, memory, failure risk and cost of a job before it runs: each a prediction or an abstention.

    Nothing is run, so asking again changes nothing.
    """
    spec = parsed(JobSpec, body)
    return once(lambda _, asked: house.predictions.predict(asked), spec.workspace, spec)
