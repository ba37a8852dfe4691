r"""Leave out the marks within a line, and keep what they mark.

*a*  **a**  __a__  ~~a~~    a
`a_b`                       a_b
[a](https://…)  [a][1]      a
![a](https://…)             a
https://example.com/a       example.com
[1]  [^1]  【1†source】      nothing
<b>a</b>  a<br>b  &amp;     a  a, b  &
\(a\)  \[a\]  $$a$$         a
\*  \_                      *  _
"""

import re
from collections.abc import Callable

from llm_server.voice.speakable.addresses import address
from llm_server.voice.speakable.code import inline_code
from llm_server.voice.speakable.emphasis import Emphasis
from llm_server.voice.speakable.formulas import backslash, dollar
from llm_server.voice.speakable.links import Links, image, lenticular
from llm_server.voice.speakable.signals import MARKED_LINE
from llm_server.voice.speakable.stage import Stage, Waits
from llm_server.voice.speakable.tags import angle, entity

# Those that are marks wherever they stand. An `h` and a `!` seldom are.
MARKS = "*_~`[]【<&$\\\n"


class Inline(Stage):
    def __init__(self) -> None:
        self._emphasis = Emphasis()
        self._links = Links(inline)
        emphasis, links = self._emphasis.read, self._links
        self._rules: dict[str, Callable[[Stage], Waits[None]]] = {
            "*": emphasis,
            "_": emphasis,
            "~": emphasis,
            "`": inline_code,
            "[": links.bracket,
            "]": links.closing_bracket,
            "!": image,
            "【": lenticular,
            "h": address,
            "<": angle,
            "&": entity,
            "$": dollar,
            "\\": backslash,
        }
        super().__init__()

    def _read(self) -> Waits[None]:
        while True:
            self.at_rest = True
            mark = yield from self.pass_all(_PLAIN)
            self.at_rest = False
            if not mark:
                return
            if rule := self._rules.get(mark):
                yield from rule(self)
            else:
                self._begin_line(mark)

    def _begin_line(self, mark: str) -> None:
        """A paragraph ends with an empty line, or where an item begins."""
        if mark == MARKED_LINE or self.before == "\n":
            self._emphasis.begin_paragraph()
            self._links.begin_paragraph()
        self.pass_on()


_PLAIN = re.compile(rf"[^{re.escape(MARKS)}h!{MARKED_LINE}]*")


def inline(text: str) -> str:
    """The whole of a text at once."""
    stage = Inline()
    return stage.feed(text) + stage.flush()
