"""The names in an agent that the settings must know."""

from collections.abc import Collection

from agents_admin.agents.schemas import AgentCreate, AgentUpdate
from agents_admin.errors import FieldError, ValidationFailed
from agents_admin.settings import Settings


def check_names(settings: Settings, fields: AgentCreate | AgentUpdate) -> None:
    """Raises ValidationFailed for names that the settings do not have."""
    if errors := find_unknown_names(settings, fields):
        raise ValidationFailed(errors)


def find_unknown_names(settings: Settings, fields: AgentCreate | AgentUpdate) -> list[FieldError]:
    named: dict[str, tuple[str, Collection[str]]] = {
        "model": ("models", settings.models),
        "voice_policy": ("voices", settings.voices),
    }
    sent = fields.model_dump(exclude_unset=True, exclude_none=True)
    return [
        {
            "pointer": f"/{field}",
            "detail": f"expected one of the settings' {section}: {', '.join(known)}",
        }
        for field, (section, known) in named.items()
        if field in sent and sent[field] not in known
    ]
