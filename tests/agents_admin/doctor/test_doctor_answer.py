"""What keeps a stream from coming at all."""

import pytest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from agents_admin.doctor.findings import Verdict
from tests.agents_admin.doctor.custom_llm import KEY, CustomLlm
from tests.agents_admin.doctor.examining import examine, examine_at
from tests.llm_server.servers import serve

FAILED, OK, SKIPPED, WARNING = Verdict.FAILED, Verdict.OK, Verdict.SKIPPED, Verdict.WARNING


async def test_a_healthy_server_is_found_healthy() -> None:
    report = await examine(CustomLlm())

    assert report.troubles == set()


async def test_it_asks_as_simli_does() -> None:
    llm = CustomLlm()

    await examine(llm)

    first = llm.requests[0]
    assert first["stream"] is True
    assert first["stream_options"] == {"include_usage": True}
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert any("stream" not in request for request in llm.requests)


async def test_a_redirect_is_followed_to_its_cure() -> None:
    there = "https://llm.example/v1/chat/completions/"
    llm = CustomLlm(instead=RedirectResponse(there, 308))

    report = await examine(llm)

    assert report.cure("Redirects", FAILED).endswith("https://llm.example/v1")
    assert report.by_name["Stream"].what == "“Redirects” comes first"


@pytest.mark.parametrize(
    ("page", "cure"),
    [
        (HTMLResponse("<h1>It works!</h1>"), "Something else is at this address"),
        (
            HTMLResponse("…", 404, headers={"ngrok-error-code": "ERR_NGROK_6024"}),
            "ngrok-skip-browser-warning",
        ),
        (HTMLResponse("…", 403, headers={"cf-mitigated": "challenge"}), "skips challenges"),
    ],
)
async def test_a_web_page_in_place_of_the_answer(page: Response, cure: str) -> None:
    report = await examine(CustomLlm(instead=page))

    assert cure in report.cure("Web pages", FAILED)


@pytest.mark.parametrize(
    ("path", "given", "right"),
    [
        ("/v1/chat/completions", "", "/v1"),
        ("/chat/completions", "/v1", ""),
        ("/v1/chat/completions", "/v1/chat/completions", "/v1"),
        ("/v1/chat/completions", "/some/where", "/v1"),
    ],
)
async def test_the_right_path_is_found(path: str, given: str, right: str) -> None:
    async with serve(CustomLlm(path=path).app) as url:
        report = await examine_at(f"{url}{given}")

        assert report.cure("Path", FAILED) == f"Give Simli the base URL {url}{right}"


async def test_a_path_that_is_nowhere() -> None:
    report = await examine(CustomLlm(path="/hidden"))

    assert "without, /chat/completions" in report.cure("Path", FAILED)


async def test_a_wrong_key() -> None:
    report = await examine(CustomLlm(), key="sk-another")

    assert "--key" in report.cure("Key", FAILED)
    assert report.verdict("Stream") == SKIPPED


async def test_no_key_to_call_with() -> None:
    async with serve(CustomLlm().app) as url:
        report = await examine_at(f"{url}/v1", key=None)

    assert "session_secret" in report.cure("Key", FAILED)


@pytest.mark.parametrize(
    ("answer", "cure"),
    [
        (JSONResponse({"error": {"message": "no model `x`"}}, 404), "--model"),
        (JSONResponse({"detail": "stream_options: extra"}, 422), "`stream_options`"),
        (Response("busy", 429), "limit"),
        (Response("oops", 500), "log"),
        (Response("", 502, {"server": "nginx/1.27"}), "proxy_pass"),
        (Response("", 530, {"cf-ray": "1"}), "cloudflared"),
    ],
)
async def test_an_error_has_a_cure_of_its_own(answer: Response, cure: str) -> None:
    report = await examine(CustomLlm(instead=answer))

    assert cure in report.cure("Status", FAILED)


async def test_plain_json_makes_a_silent_avatar() -> None:
    answer = JSONResponse({"choices": [{"message": {"content": "Hello."}}]})

    report = await examine(CustomLlm(instead=answer))

    assert "text/event-stream" in report.cure("Stream", FAILED)
    assert "silent" in report.by_name["Stream"].what


async def test_no_event_at_all() -> None:
    report = await examine(CustomLlm(instead=Response("Hello.", media_type="text/event-stream")))

    assert "data:" in report.cure("Stream", FAILED)


async def test_a_stream_of_another_content_type() -> None:
    report = await examine(CustomLlm(content_type="text/plain"))

    assert "text/event-stream" in report.cure("Stream", WARNING)
    assert report.verdict("Chunks") == OK


@pytest.mark.parametrize(("keyed", "troubles"), [(True, set()), (False, {"Wrong key", "No key"})])
async def test_whoever_may_call_without_the_key(keyed: bool, troubles: set[str]) -> None:
    report = await examine(CustomLlm(keyed=keyed))

    assert report.troubles == troubles
    for name in troubles:
        assert "401" in report.cure(name, WARNING)


async def test_a_refusal_that_is_not_as_openai_s() -> None:
    report = await examine(CustomLlm(instead=Response("Unauthorized", 401)), key=KEY)

    assert report.verdict("Key") == FAILED


async def test_an_error_in_the_stream_does_not_show_the_key() -> None:
    from agents_admin.doctor.findings import Finding, Findings
    from agents_admin.doctor.report import without_secrets

    finding = Finding("Status", FAILED, f"401: {KEY} is wrong", f"Not {KEY}")

    [part] = without_secrets([Findings(f"https://u:{KEY}@x", [finding])], [KEY, None])

    assert KEY not in repr(part)
