"""Plain responses, as JSON."""

from starlette.responses import Response

from llm_server.errors import ApiError, http_headers
from llm_server.protocol import encode


def json_response(
    body: object, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    return Response(encode(body), status, headers, media_type="application/json")


def error_response(error: ApiError) -> Response:
    return json_response(error.envelope(), error.status, http_headers(error))
