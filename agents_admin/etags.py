"""Entity tags: the version of a thing, for changes that must not undo somebody else's."""

from typing import Annotated

from fastapi import Header

from agents_admin.errors import PreconditionFailed

IfMatch = Annotated[
    str | None,
    Header(
        description="The `etag` that this was decided on; 412 if it is no longer the current one.",
        examples=['"3"'],
    ),
]


def make_etag(version: int) -> str:
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Let a change pass that names no version, or this one. Raises PreconditionFailed."""
    if if_match is None or if_match.strip() == "*":
        return
    if make_etag(version) not in (tag.strip() for tag in if_match.split(",")):
        raise PreconditionFailed(
            f"This is now version {version}. Get it again, then decide whether to change it."
        )
