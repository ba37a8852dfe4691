"""How payloads are made: our names, with Simli's as aliases.

Strict in what is sent, lenient in what is taken: of an answer only what nobody can do without is
required, whatever else is in it is kept, and what cannot be read counts as left out.
"""

from typing import Annotated, Any, ClassVar, Self

import httpx
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializationInfo,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core import from_json

from agents_admin.simli.errors import SimliConfused

Json = dict[str, Any]

MASK = "[redacted]"


def _mask(value: str | None, info: SerializationInfo) -> str | None:
    """As it is for Simli; masked, and noted, for whoever gives a list to note it in."""
    if value and isinstance(info.context, list):
        info.context.append(value)
        return MASK
    return value


Secret = Annotated[str, PlainSerializer(_mask), Field(repr=False)]
OptionalSecret = Annotated[str | None, PlainSerializer(_mask), Field(repr=False)]


class Sent(BaseModel):
    """What is None is not sent: Simli's own defaults apply."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=True,
        serialize_by_alias=True,
        # What is wrong with a payload is never told by quoting it.
        hide_input_in_errors=True,
    )

    def body(self) -> Json:
        return self.model_dump(mode="json", exclude_none=True)

    def redacted(self) -> Json:
        """The body as it may be kept."""
        return self.model_dump(mode="json", exclude_none=True, context=[])

    def secrets(self) -> list[str]:
        """What must not be seen if Simli's answer quotes the request."""
        found: list[str] = []
        self.model_dump(mode="json", context=found)
        return found


def read_json(response: httpx.Response) -> Any:
    """What the answer says; None if it is empty. Raises SimliConfused."""
    try:
        return from_json(response.content, allow_inf_nan=False) if response.content else None
    except ValueError as exc:
        raise SimliConfused("Simli's answer is not JSON.") from exc


class Answer(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        validate_by_name=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
    )

    required: ClassVar[str] = "id"
    """What is missed, in words, if it cannot be read."""

    @classmethod
    def read(cls, response: httpx.Response) -> Self:
        """Raises SimliConfused."""
        return cls._read(read_json(response))

    @classmethod
    def read_list(cls, response: httpx.Response) -> list[Self]:
        """A bare list, or one that is wrapped in an object. Raises SimliConfused."""
        match read_json(response):
            case list(items):
                pass
            case dict(members) if lists := [v for v in members.values() if isinstance(v, list)]:
                items = lists[0]
            case _:
                raise SimliConfused("Simli's answer has no list in it.")
        return [cls._read(item) for item in items]

    @classmethod
    def _read(cls, content: Any) -> Self:
        try:
            return cls.model_validate(content)
        except ValidationError as exc:
            raise SimliConfused(f"Simli's answer has no {cls.required} in it.") from exc

    @field_validator("*", mode="wrap")
    @classmethod
    def _leave_out_unreadable(
        cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Any:
        try:
            return handler(value)
        except ValidationError:
            field = cls.model_fields[info.field_name or ""]
            if field.is_required():
                raise
            return field.get_default(call_default_factory=True)

    def __repr_args__(self) -> Any:
        # What is not known may be secret.
        known = type(self).model_fields
        return [(name, value) for name, value in super().__repr_args__() if name in known]
