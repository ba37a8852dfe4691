"""What goes over the wire in these tests, and how to read what comes back."""

from typing import Any

import httpx2
import msgspec
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam

API_KEY = "a-service-key"
SECRET = "the secret that signs session keys"
MODEL = "test"
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi!"}]
CHAT = "/v1/chat/completions"

Json = dict[str, Any]


def caller(url: str, key: str) -> AsyncOpenAI:
    """The official client, as a caller configures it. It asks once, so that tests do not wait."""
    return AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=10)


def ask(**members: Any) -> Json:
    return {"model": MODEL, "messages": HELLO, **members}


async def chunks(client: AsyncOpenAI, **members: Any) -> list[ChatCompletionChunk]:
    stream = await client.chat.completions.create(**ask(**members), stream=True)
    return [chunk async for chunk in stream]


async def completion(client: AsyncOpenAI, **members: Any) -> ChatCompletion:
    answer = await client.chat.completions.create(**ask(**members), stream=False)
    assert isinstance(answer, ChatCompletion)
    return answer


def text(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices)


def payloads(response: httpx2.Response) -> list[Any]:
    """The `data` of a whole event stream; `[DONE]` stays text."""
    events = response.text.split("\n\n")
    assert events.pop() == ""
    data = [event.removeprefix("data: ") for event in events if not event.startswith(":")]
    return [item if item == "[DONE]" else msgspec.json.decode(item) for item in data]


def error_of(response: httpx2.Response) -> Json:
    """The error in an envelope that has all four members."""
    body = response.json()
    assert body.keys() == {"error"}
    error: Json = body["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return error


def spoken(response: httpx2.Response) -> str:
    """What a text-to-speech makes of a whole, valid stream."""
    assert response.status_code == 200
    *chunks, last = payloads(response)
    assert last == "[DONE]"
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert choices[-1]["finish_reason"]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
