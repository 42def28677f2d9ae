"""The language model, where one is configured; nothing of it is imported before it is asked."""

from typing import TYPE_CHECKING

from orcaops.config import Settings
from orcaops.recording.logs.files import FileLogStore

if TYPE_CHECKING:
    from orcaops.services.asking.model_reader import ModelReader
    from orcaops.services.explaining.assistant import Assistant, LanguageModel


def assistant(settings: Settings, logs: FileLogStore) -> "Assistant":
    """Who words debug answers: by the model, or with no model by what is known alone."""
    from orcaops.services.explaining.assistant import Assistant

    return Assistant(logs, language_model(settings), evidence_tokens=settings.ai.evidence_tokens)


def language_model(settings: Settings) -> "LanguageModel | None":
    """The one that is configured; None where none is."""
    if settings.ai.model is None:
        return None
    from orcaops.services.explaining.language_model import PydanticAiModel

    return PydanticAiModel(
        settings.ai.model,
        base_url=settings.ai.base_url,
        key_env=settings.ai.key_env,
        timeout_s=settings.ai.timeout,
        answer_tokens=settings.ai.answer_tokens,
    )


def reader(settings: Settings) -> "ModelReader | None":
    """Who else reads questions, if that is wanted."""
    model = language_model(settings) if settings.ai.ask else None
    if model is None:
        return None
    from orcaops.services.asking.model_reader import ModelReader

    return ModelReader(model, most_tokens=settings.ai.evidence_tokens)
