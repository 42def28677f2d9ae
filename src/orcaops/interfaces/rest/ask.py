"""Questions over HTTP: plain English, or an inquiry, answered with the query that was understood."""

from fastapi import APIRouter, Response

from orcaops.interfaces.rest.arguments import House, JsonBody, NoQuery, parsed
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.once import Once
from orcaops.model.inquiry import Question, Reply

router = APIRouter(tags=["questions"])


@router.post(
    "/ask",
    operation_id="askQuestion",
    summary="Ask in plain English",
    response_model=Reply,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(Question),
)
def ask_question(house: House, once: Once, body: JsonBody, _asked: NoQuery) -> Response:
    """Answers `question`, or the `query` that an earlier answer showed: give one of the two.

    The answer names runs by their ids. Where the question is not understood, `understood` is null and
    `offers` are questions that can be answered. Nothing is run.
    """
    question = parsed(Question, body)
    return once(lambda _, asked: house.questions.ask(asked), question.workspace, question)
