from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from agents_admin.models.base import Base, Keyed
from llm_server import Outcome


class Turn(Keyed, Base):
    """One request and its answer, column by column as `llm_server.Turn` records it."""

    __tablename__ = "turns"
    __table_args__ = (Index(None, "session_id", "started_at"),)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    # No foreign key: a turn stays what it was when its agent is gone.
    agent_id: Mapped[UUID | None]
    started_at: Mapped[datetime]
    model: Mapped[str] = mapped_column(String(200))
    answered_by: Mapped[str | None] = mapped_column(String(200))
    user_text: Mapped[str | None] = mapped_column(Text)
    answer_text: Mapped[str] = mapped_column(Text)
    # Lists of what is only ever read with its turn. The defaults are for turns from before.
    asides: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    tools: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    outcome: Mapped[Outcome]
    finish_reason: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[str | None] = mapped_column(String(200))
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    ttft_s: Mapped[float | None]
    first_sentence_s: Mapped[float | None]
    duration_s: Mapped[float]

    @property
    def sent_text(self) -> str:
        """All that was sent, in order."""
        pieces, start = [], 0
        for aside in self.asides:
            pieces += [self.answer_text[start : aside["at"]], aside["text"]]
            start = aside["at"]
        return "".join([*pieces, self.answer_text[start:]])
