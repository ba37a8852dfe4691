"""Every error as an RFC 9457 problem: as answered, and as documented in OpenAPI."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agents_admin.errors import FieldError, Problem, ValidationFailed

MEDIA_TYPE = "application/problem+json"

# The framework says "Not Found" and the like, which the title says already.
FRAMEWORK_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This path has other methods; see the header `allow`.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body exceeds the settings' `limits.body_bytes`.",
}


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error with a problem, those of the framework too."""
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer_problem(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, Problem)
    return _answer(exc.status, exc.detail, exc.type, headers=exc.headers, **exc.members)


async def _answer_invalid(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)
    if any(error["type"] == "json_invalid" for error in exc.errors()):
        return _answer(HTTPStatus.BAD_REQUEST, "The body is not valid JSON.")
    return await _answer_problem(request, ValidationFailed([*map(_field_error, exc.errors())]))


async def _answer_http(_: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)
    status = HTTPStatus(exc.status_code)
    detail = FRAMEWORK_DETAILS.get(status, str(exc.detail))
    return _answer(status, detail, headers=exc.headers)


async def _answer_unexpected(_: Request, __: Exception) -> JSONResponse:
    return _answer(Problem.status, "The server had an error. Its log knows more.")


def _answer(
    status: HTTPStatus,
    detail: str,
    kind: str = Problem.type,
    *,
    headers: Any = None,
    **members: Any,
) -> JSONResponse:
    body = {"type": kind, "title": status.phrase, "status": status, "detail": detail, **members}
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)


def _field_error(error: Any) -> FieldError:
    """Say what is wrong without the value: it may be a key, or private."""
    place, *path = error["loc"]
    detail = error["msg"].removeprefix("Value error, ")
    if path[-1:] == ["[key]"]:
        # Pydantic's word for a key that is wrong itself.
        path.pop()
    if place == "body":
        return {"pointer": "".join(map(_pointer_token, path)), "detail": detail}
    return {"parameter": ".".join(map(str, path)), "detail": detail}


def _pointer_token(part: int | str) -> str:
    return "/" + str(part).replace("~", "~0").replace("/", "~1")


def document(*problems: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that may answer with these problems."""
    return {
        problem.status.value: {
            "description": (problem.__doc__ or problem.status.phrase).rstrip("."),
            "content": {MEDIA_TYPE: {"schema": _schema(problem)}},
        }
        for problem in problems
    }


def _schema(problem: type[Problem]) -> dict[str, Any]:
    string = {"type": "string"}
    properties: dict[str, Any] = {
        "type": {"const": problem.type},
        "title": string,
        "status": {"const": problem.status.value},
        "detail": string,
    }
    if problem is ValidationFailed:
        error = {"pointer": string, "parameter": string, "detail": string}
        item = {"type": "object", "properties": error, "required": ["detail"]}
        properties["errors"] = {"type": "array", "items": item}
    return {"type": "object", "properties": properties, "required": list(properties)}
