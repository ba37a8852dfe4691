"""Read what a docstring says of a function and of its parameters."""

import re
from collections.abc import Callable
from inspect import getdoc
from textwrap import dedent
from typing import Any

# Both go on in lines that are indented further.
_TEXT = r":[ \t]*(?P<text>.*(?:\n[ \t]+.*)*)"
_SPHINX = re.compile(r"^:param (?:[^:\n]+ )?(?P<name>\w+)" + _TEXT, re.MULTILINE)
_GOOGLE = re.compile(r"^(?P<name>\w+)(?: *\([^)\n]*\))?" + _TEXT, re.MULTILINE)
_GOOGLE_SECTION = re.compile(
    r"^(?:Args|Arguments|Parameters):[ \t]*\n(?P<items>(?:[ \t]+.*(?:\n|\Z)|[ \t]*\n)+)",
    re.MULTILINE,
)


def summary(function: Callable[..., Any]) -> str:
    """The first paragraph, as one line."""
    return _line((getdoc(function) or "").partition("\n\n")[0])


def parameter_texts(function: Callable[..., Any]) -> dict[str, str]:
    """What is said of each parameter, in Google's style or in Sphinx's."""
    docstring = getdoc(function) or ""
    section = _GOOGLE_SECTION.search(docstring)
    google = _GOOGLE.finditer(dedent(section["items"])) if section else ()
    found = [*google, *_SPHINX.finditer(docstring)]
    return {match["name"]: _line(match["text"]) for match in found}


def _line(text: str) -> str:
    return " ".join(text.split())
