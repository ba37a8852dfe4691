"""A model: its backend, how it has fared lately, and who steps in."""

from dataclasses import dataclass, field

from llm_server.backends.base import Backend, BatchingBackend
from llm_server.events import Ask
from llm_server.model_settings import ModelSettings
from llm_server.routing.breaker import Breaker
from llm_server.routing.budget import Budget
from llm_server.routing.first_contents import FirstContents
from llm_server.routing.one_task import OneTask


@dataclass(frozen=True, slots=True)
class Route:
    """One model of the server."""

    model: str
    backend: Backend
    ask: Ask
    """How it is asked, found out once: not every backend knows what arrived together."""
    settings: ModelSettings
    breaker: Breaker
    hedges: Budget | None
    first_contents: FirstContents = field(default_factory=FirstContents)

    @classmethod
    def to(cls, model: str, backend: Backend, settings: ModelSettings) -> "Route":
        ask: Ask = OneTask(backend).ask
        if isinstance(backend, BatchingBackend):
            ask = backend.batches
        hedges = Budget(settings.hedge.budget) if settings.hedge else None
        return cls(model, backend, ask, settings, Breaker(settings.breaker), hedges)

    @property
    def hedge_after_s(self) -> float | None:
        """When the next one is asked too, although this one may still be in time."""
        hedge = self.settings.hedge
        if hedge is None:
            return None
        return self.first_contents.p90() if hedge.after == "p90" else hedge.after

    def takes_more_than(self, other: "Route") -> bool:
        """Whether a conversation that is too long for the other may fit in here."""
        ours, theirs = self.settings.context_window, other.settings.context_window
        return ours is None or theirs is None or ours > theirs
