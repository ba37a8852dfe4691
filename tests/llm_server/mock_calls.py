"""Calls of the wire mock, by the plain client."""

from collections.abc import Iterator

import openai

from tests.llm_server.wire import HELLO


def ask(client: openai.OpenAI) -> str | None:
    answer = client.chat.completions.create(model="mock", messages=HELLO)
    return answer.choices[0].message.content


def listen(client: openai.OpenAI) -> Iterator[str]:
    with client.chat.completions.create(model="mock", messages=HELLO, stream=True) as stream:
        for chunk in stream:
            yield from (choice.delta.content or "" for choice in chunk.choices)


def heard(client: openai.OpenAI) -> str:
    return "".join(listen(client))
