"""LanguageModel by pydantic-ai: any provider it knows, and any server that speaks OpenAI's chat API.

One request, one answer, no tools; whatever goes wrong is ``unavailable`` with a sentence. The library is the
extra ``ai``, imported with the first prompt.
"""

import asyncio
import os
from typing import Any

from orcaops.model.debug import Prompt
from orcaops.model.errors import OrcaError, invalid, unavailable

_EXTRA = (
    'Install it: pip install "orcaops[ai]"; providers other than OpenAI need pydantic-ai-slim[PROVIDER] too.'
)


class PydanticAiModel:
    """See :class:`orcaops.services.explaining.assistant.LanguageModel`."""

    def __init__(
        self, name: str, *, base_url: str | None, key_env: str, timeout_s: float, answer_tokens: int
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._key_env = key_env
        self._timeout_s = timeout_s
        self._answer_tokens = answer_tokens

    @property
    def name(self) -> str:
        """As it is configured."""
        return self._name

    def answer(self, prompt: Prompt) -> str:
        """What it says. Raises ``unavailable``; ``invalid`` without the extra or its key."""
        try:
            import pydantic_ai  # noqa: F401 - told apart from what its providers lack
        except ImportError:
            raise invalid(
                "the extra `ai` is not installed: a language model needs it", where="ai.model", hint=_EXTRA
            ) from None
        try:
            return asyncio.run(asyncio.wait_for(self._asked(prompt), self._timeout_s))
        except OrcaError:
            raise
        except TimeoutError:
            why = f"it did not answer within {self._timeout_s:g} s (ai.timeout)"
        except ImportError as error:
            raise invalid(
                f"what the model {self._name} needs is not installed: {error}", where="ai.model", hint=_EXTRA
            ) from None
        except Exception as error:  # noqa: BLE001 - a provider may raise anything; the answer without it stands
            why = f"{type(error).__name__}: {str(error)[:200]}"
        raise unavailable(f"the language model {self._name} could not be asked: {why}", where="ai.model")

    async def _asked(self, prompt: Prompt) -> str:
        if self._base_url is None:
            from pydantic_ai.models import infer_model

            return await self._run(infer_model(self._name), prompt)
        from openai import AsyncOpenAI
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        # A server of one's own often takes any key, but the library insists on one.
        key = os.environ.get(self._key_env) or "none"
        async with AsyncOpenAI(
            base_url=self._base_url, api_key=key, max_retries=0, timeout=self._timeout_s
        ) as client:
            name = self._name.removeprefix("openai:")
            return await self._run(
                OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client)), prompt
            )

    async def _run(self, model: Any, prompt: Prompt) -> str:
        from pydantic_ai import Agent
        from pydantic_ai.settings import ModelSettings

        settings = ModelSettings(max_tokens=self._answer_tokens, temperature=0.0, timeout=self._timeout_s)
        agent: Agent[None, str] = Agent(
            model, instructions=prompt.system, output_type=str, retries=0, model_settings=settings
        )
        return (await agent.run(prompt.text)).output
