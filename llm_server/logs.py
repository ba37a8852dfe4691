"""What the log looks like, for people and for machines."""

import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from traceback import format_tb
from types import TracebackType
from typing import Literal

import msgspec

Format = Literal["text", "json"]

# At DEBUG they write whole requests and chunks: what people said.
TALKATIVE = ("aiohttp", "anthropic", "httpcore", "httpcore2", "httpx", "httpx2", "mcp", "openai")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_encode = msgspec.json.Encoder(enc_hook=str).encode


def configure_logging(level: str = "INFO", format: Format = "text") -> None:
    """Write all logs, uvicorn's too, to standard error: one entry a line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in (*TALKATIVE, "sse_starlette"):
        logging.getLogger(name).setLevel(logging.WARNING)


class TextFormatter(logging.Formatter):
    """A line for people. Of an exception it tells the kind and the place: its message may quote
    what was said."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatException(self, ei: ExcInfo) -> str:
        return "\n".join(_trace(ei[1]))


class JsonFormatter(TextFormatter):
    """A JSON object. What a logger passes as `extra={"fields": {...}}` becomes members of it."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _encode(entry).decode()


def _trace(exc: BaseException | None) -> Iterator[str]:
    """Where it was raised, and where what caused it was, from the cause on."""
    if exc:
        yield from _trace(exc.__cause__ or exc.__context__)
        yield "".join(format_tb(exc.__traceback__)) + type(exc).__name__
