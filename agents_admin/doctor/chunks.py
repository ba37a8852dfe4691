"""The chunks of a streamed answer, with the time at which each came."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from llm_server.backends.event_stream import EventStreamDecoder
from llm_server.voice.sentences import has_sentence

Json = dict[str, Any]
DONE = b"[DONE]"


@dataclass(slots=True)
class Chunks:
    """What a stream said. Members of chunks may be anything: nothing is taken for granted."""

    payloads: list[tuple[float, Json]] = field(default_factory=list)
    unreadable: list[bytes] = field(default_factory=list)
    done: bool = False

    @property
    def choices(self) -> list[tuple[float, Json]]:
        """The first choice of each chunk: Simli's pipeline reads no other."""
        return [
            (at_s, payload["choices"][0])
            for at_s, payload in self.payloads
            if isinstance(payload.get("choices"), list)
            and payload["choices"]
            and isinstance(payload["choices"][0], dict)
        ]

    @property
    def deltas(self) -> list[tuple[float, Json]]:
        deltas = ((at_s, choice.get("delta")) for at_s, choice in self.choices)
        return [(at_s, delta) for at_s, delta in deltas if isinstance(delta, dict)]

    @property
    def texts(self) -> list[tuple[float, str]]:
        texts = ((at_s, delta.get("content")) for at_s, delta in self.deltas)
        return [(at_s, text) for at_s, text in texts if isinstance(text, str) and text]

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.texts)

    @property
    def first_text_s(self) -> float | None:
        return next((at_s for at_s, text in self.texts if text.strip()), None)

    @property
    def first_sentence_s(self) -> float | None:
        """When a voice could begin: with the first whole sentence, or at the end of the answer."""
        text = ""
        for at_s, piece in self.texts:
            text += piece
            if has_sentence(text):
                return at_s
        return self.texts[-1][0] if text.strip() else None

    @property
    def finish_reasons(self) -> list[str]:
        return [
            choice["finish_reason"] for _, choice in self.choices if choice.get("finish_reason")
        ]

    @property
    def usages(self) -> list[Json]:
        """The chunks that have no choices, and so nothing to say but what it cost."""
        return [payload for _, payload in self.payloads if payload.get("choices") == []]

    @property
    def error(self) -> str:
        """What an error in the middle of the stream says."""
        for _, payload in self.payloads:
            match payload.get("error"):
                case {"message": str(message)} | str(message):
                    return message[:300]
        return ""


def read_chunks(pieces: Iterable[tuple[float, bytes]]) -> Chunks:
    chunks = Chunks()
    for at_s, data in _events(pieces):
        if data.strip() == DONE:
            chunks.done = True
        elif isinstance(payload := _decoded(data), dict):
            chunks.payloads.append((at_s, payload))
        else:
            chunks.unreadable.append(data)
    return chunks


def _events(pieces: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, bytes]]:
    decoder, at_s = EventStreamDecoder(), 0.0
    for at_s, piece in pieces:
        yield from ((at_s, data) for data in decoder.feed(piece))
    yield from ((at_s, data) for data in decoder.flush())


def _decoded(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
