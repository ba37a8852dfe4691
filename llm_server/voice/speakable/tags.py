"""Leave out HTML, and tell it from "a < b"."""

import re
from html import unescape
from html.entities import html5

from llm_server.voice.speakable.addresses import address
from llm_server.voice.speakable.signals import GAP, LONG_PAUSE, SHORT_PAUSE
from llm_server.voice.speakable.stage import Stage, Waits

# What is said instead of a tag, opening or closing. Other words in angle brackets stay.
_TAGS_BY_SOUND = {
    "": "a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q rp rt ruby s samp small"
    " span strike strong sub sup time tt u var wbr",
    GAP: "audio button img input label picture source svg video think thinking thought reasoning",
    SHORT_PAUSE: "br dt td th",
    LONG_PAUSE: "article aside blockquote body caption center dd details div dl figcaption figure"
    " footer h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p pre section summary table"
    " tbody tfoot thead title tr ul",
}
TAGS = {tag: sound for sound, tags in _TAGS_BY_SOUND.items() for tag in tags.split()}

_NAME = re.compile(r"[/A-Za-z0-9]*")
_NAME_LIMIT = 14
_ATTRIBUTE = re.compile(r"[\w:-]*")
_ATTRIBUTE_LIMIT = 24
_BLANKS = re.compile(r"\s*")
_BLANKS_LIMIT = 4
_IN_TAG = re.compile(r"[^>\n]*")
_MAIL = re.compile(r"[^\s<>]*")
_MAIL_LIMIT = 64
_ENTITY = re.compile(r"[#A-Za-z0-9]*")
_ENTITY_LIMIT = 32


def angle(stage: Stage) -> Waits[None]:
    name = yield from stage.run(_NAME, _NAME_LIMIT, ahead=1)
    said = TAGS.get(name.strip("/").lower())
    if said is not None and (yield from _is_tag(stage, 1 + len(name))):
        stage.say(said)
        yield from _skip_tag(stage)
    elif name in ("http", "https"):
        yield from _link(stage)
    else:
        yield from _mail(stage)


def _is_tag(stage: Stage, ahead: int) -> Waits[bool]:
    """Whether the name is followed by an attribute or the end: in "a <b and c" it is not."""
    blanks = yield from stage.run(_BLANKS, _BLANKS_LIMIT, ahead)
    attribute = yield from stage.run(_ATTRIBUTE, _ATTRIBUTE_LIMIT, ahead + len(blanks))
    end = yield from stage.peek(ahead + len(blanks) + len(attribute))
    return end == "=" if attribute else end in (">", "/")


def _skip_tag(stage: Stage) -> Waits[None]:
    if (yield from stage.skip_all(_IN_TAG)) == ">":
        stage.skip()


def _link(stage: Stage) -> Waits[None]:
    stage.skip()
    yield from address(stage)
    if (yield from stage.peek()) == ">":
        stage.skip()


def _mail(stage: Stage) -> Waits[None]:
    mail = yield from stage.run(_MAIL, _MAIL_LIMIT, ahead=1)
    if "@" not in mail or (yield from stage.peek(1 + len(mail))) != ">":
        return stage.pass_on()
    stage.say(mail.removeprefix("mailto:"))
    stage.skip(2 + len(mail))


def entity(stage: Stage) -> Waits[None]:
    name = yield from stage.run(_ENTITY, _ENTITY_LIMIT, ahead=1)
    char = unescape(f"&{name};") if name.startswith("#") else html5.get(f"{name};")
    if not char or (yield from stage.peek(1 + len(name))) != ";":
        return stage.pass_on()
    stage.say(char.replace("\xa0", " "))
    stage.skip(2 + len(name))
