"""Predictions over HTTP."""

from fastapi import APIRouter, Response

from orcaops.interfaces.rest.arguments import House, JsonBody, NoQuery, parsed
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import shown
from orcaops.interfaces.rest.once import IdempotencyKey
from orcaops.model.job import JobSpec
from orcaops.model.prediction import Forecasts

router = APIRouter(tags=["predictions"])


@router.post(
    "/predictions",
    operation_id="predictJob",
    summary="Predict a job",
    response_model=Forecasts,
    responses=answers(413, 415, 422, 503),
    openapi_extra=body_of(JobSpec),
)
def predict_job(house: House, body: JsonBody, _asked: NoQuery, _key: IdempotencyKey = None) -> Response:
    """Duration, memory, failure risk and cost of a job before it runs: each a prediction or an abstention.

    Nothing is run and nothing is kept, so asking again changes nothing.
    """
    return shown(house.predictions.predict(parsed(JobSpec, body)))
