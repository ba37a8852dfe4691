"""Keep words apart where one speech ends and another begins."""

from msgspec.structs import replace

from llm_server.events import Delta


class Spacing:
    """Of all text that is spoken in one answer, whoever says it."""

    def __init__(self) -> None:
        self._last = ""
        self._begins = False

    def begin(self) -> None:
        """What comes next does not go on with what was said before."""
        self._begins = True

    def spaced(self, delta: Delta) -> Delta:
        text = delta.text
        if not text:
            return delta
        apart = not self._begins or not self._last.strip() or text[0].isspace()
        self._begins, self._last = False, text[-1]
        content = delta.members["content"]
        if apart or not isinstance(content, str):
            return delta
        return replace(delta, members={**delta.members, "content": f" {content}"})
