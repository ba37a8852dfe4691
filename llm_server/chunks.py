"""Events to the chunks of one streamed answer, as bytes.

What must hold for every stream is written here, once: one id, role first, then content, the
finish reason, and usage only if asked for, in a chunk of its own.
"""

from llm_server.events import Answering, Delta, Event, Finish, Usage
from llm_server.protocol import ChatRequest, Completion, Json, encode

ROLE: Json = {"role": "assistant", "content": ""}


class Chunks:
    """Writes chunks by hand around the parts that change: half the time of encoding them whole."""

    def __init__(self, completion: Completion, chat: ChatRequest) -> None:
        self._completion = completion
        self._include_usage = chat.include_usage
        # As OpenAI does: who asked for usage finds the member in every chunk.
        self._tail = b',"usage":null}\n\n' if chat.include_usage else b"}\n\n"
        self._begun: set[int] = set()
        self._choices = chat.choices
        self._ended: set[int] = set()
        self._lacks_usage = chat.include_usage
        self._envelope = self._make_envelope()

    @property
    def finished(self) -> bool:
        """Whether all choices have ended. Only usage may follow."""
        return len(self._ended) >= self._choices

    @property
    def complete(self) -> bool:
        """Whether the caller has all that was asked for."""
        return self.finished and not self._lacks_usage

    def bytes_of(self, event: Event) -> bytes:
        """Server-sent events for an event; none for what is not for the wire."""
        # No `match`: the first question is nearly always the last.
        if isinstance(event, Delta):
            return self._role(event.index) + self._choice(event, event.members)
        if isinstance(event, Finish):
            self._ended.add(event.index)
            return self._role(event.index) + self._choice(event, {}, encode(event.reason))
        if isinstance(event, Answering):
            self._completion.model = event.model
            self._envelope = self._make_envelope()
        elif isinstance(event, Usage) and self._include_usage:
            self._lacks_usage = False
            usage = b'"choices":[],"usage":%b}\n\n' % encode(event.usage)
            return b"data: {%b%b%b" % (_members(event.chunk), self._envelope, usage)
        return b""

    def _role(self, index: int) -> bytes:
        if index in self._begun:
            return b""
        self._begun.add(index)
        return self._choice(Delta(ROLE, index), ROLE)

    def _choice(self, event: Delta | Finish, delta: Json, finish_reason: bytes = b"null") -> bytes:
        # An upstream's extras come first: of a member that is there twice, the last one counts.
        return b'data: {%b%b"choices":[{%b"index":%d,"delta":%b,"finish_reason":%b}]%b' % (
            _members(event.chunk),
            self._envelope,
            _members(event.choice),
            event.index,
            encode(delta),
            finish_reason,
            self._tail,
        )

    def _make_envelope(self) -> bytes:
        return b'"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,' % (
            encode(self._completion.id),
            self._completion.created,
            encode(self._completion.model),
        )


def _members(members: Json) -> bytes:
    """The members of an object, without its braces, ready for more to follow."""
    return encode(members)[1:-1] + b"," if members else b""
