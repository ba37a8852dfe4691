"""Conversations to try things with."""

from copy import deepcopy

from hypothesis import strategies as st

from llm_server.protocol import Json

TEXTS = st.sampled_from(["", " ", "Hi", "One. Two.", "你好", "Tell me more, please"])
PARTS = st.lists(
    st.one_of(
        st.builds(lambda text: {"type": "text", "text": text}, TEXTS),
        st.just({"type": "image_url", "image_url": {"url": "data:"}}),
    ),
    max_size=2,
)
CONTENTS = st.one_of(st.none(), TEXTS, PARTS)
ROLES = st.sampled_from(["system", "developer", "user", "user", "assistant", "assistant"])
OTHERS: st.SearchStrategy[Json] = st.sampled_from([{}, {}, {"name": "Ann"}, {"tool_calls": None}])


def system(content: object) -> Json:
    return {"role": "system", "content": content}


def user(content: object, **others: object) -> Json:
    return {"role": "user", "content": content, **others}


def assistant(content: object, **others: object) -> Json:
    return {"role": "assistant", "content": content, **others}


def call(*ids: str, content: str | None = None) -> Json:
    return assistant(content, tool_calls=[{"id": id, "type": "function"} for id in ids])


def result(id: str) -> Json:
    return {"role": "tool", "tool_call_id": id, "content": "done"}


@st.composite
def conversations(draw: st.DrawFn) -> list[Json]:
    """Any order of messages, with each tool's results right after its calls."""
    messages: list[Json] = []
    for number in range(draw(st.integers(0, 12))):
        if draw(st.integers(0, 4)) == 0:
            ids = [f"{number}-{n}" for n in range(draw(st.integers(1, 2)))]
            messages += [call(*ids), *map(result, ids)]
        else:
            others = draw(OTHERS)
            messages.append({"role": draw(ROLES), "content": draw(CONTENTS), **others})
    return deepcopy(messages)
