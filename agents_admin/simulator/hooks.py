"""Which custom LLM a start request asks for, and which of Simli's own it may not alter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agents_admin.simulator.behaviour import Starts
from agents_admin.simulator.payloads import LlmConfig, StartSession

_MODELS = {
    "OpenAI": ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"),
    "Google": ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite-preview-06-17"),
}


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the custom LLM is, and under which names it is called."""

    model: str
    base_url: str
    api_key: str = field(repr=False)


def choose_hook(config: StartSession, starts: Starts) -> Hook | None:
    """The custom LLM to call; None where one of Simli's built-in LLMs would answer."""
    custom, named = config.custom_llm_config, config.llm_config
    if custom is not None and not starts.ignore_custom_llm_config:
        return Hook(custom.model, custom.base_url, custom.llm_api_key)
    if starts.ignore_llm_config:
        return None
    if named.provider == "User" and named.base_url:
        return Hook(named.model, named.base_url, named.api_key or "")
    return None


def provider_faults(config: LlmConfig) -> list[dict[str, Any]]:
    """What a provider of Simli's own forbids, as faults of a validation."""
    return [
        {"type": "value_error", "loc": ("body", "llmConfig", name), "msg": f"Value error, {why}"}
        for name, why in _forbidden(config)
    ]


def _forbidden(config: LlmConfig) -> Iterator[tuple[str, str]]:
    models = _MODELS.get(config.provider)
    if models is None:
        return
    if config.model not in models:
        yield "model", f"{config.provider} has no model of this name"
    if config.base_url:
        yield "baseURL", "only the provider User has a URL"
    if config.api_key:
        yield "apiKey", "only the provider User has a key"
