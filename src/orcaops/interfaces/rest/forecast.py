"""Forecasts over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import Asked, Digits, House, SearchText
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.forecast import Forecast
from orcaops.model.prediction import Abstained
from orcaops.services.forecasts import LONGEST_HOURS

router = APIRouter(tags=["predictions"])


class ForecastAsked(Asked):
    """Which runs, and which hours."""

    q: SearchText = Field("", description="Search language: a forecast of these runs only.")
    hours: Annotated[int, Field(ge=1, le=LONGEST_HOURS, description="How many hours ahead."), Digits] = 48


@router.get(
    "/forecast",
    operation_id="getForecast",
    summary="Forecast work, capacity and cost",
    response_model=Forecast | Abstained,
    responses=answers(404, 422, 503),
)
def get_forecast(house: House, asked: Annotated[ForecastAsked, Query()]) -> Response:
    """Runs per hour with intervals, peaks, the capacity they take, and what they cost; or what is missing."""
    return shown(house.forecasts.forecast(asked.workspace, hours=asked.hours, q=asked.q))
