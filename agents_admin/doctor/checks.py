"""Run checks one after the other; what needs a failed one is skipped."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

from agents_admin.doctor import access, answer, contents, pace, reach, speech, tls
from agents_admin.doctor.findings import Finding, Judgement, failed, skipped
from agents_admin.doctor.visit import Visit

T = TypeVar("T")

# For all of them. Each question has its own limit; a server that just stays below it is given up.
TOTAL_S = 120


@dataclass(frozen=True, slots=True)
class Check(Generic[T]):
    name: str
    look: Callable[[T], Awaitable[Judgement]]
    needs: str | None = None
    """The check without which this one makes no sense."""


URL_CHECKS: list[Check[Visit]] = [
    Check("Name", reach.name),
    Check("Public address", reach.public_address, "Name"),
    Check("Connection", reach.connection, "Name"),
    Check("TLS", tls.encryption, "Connection"),
    Check("Answer", answer.any_answer, "TLS"),
    Check("Redirects", answer.redirect, "Answer"),
    Check("Web pages", answer.web_page, "Redirects"),
    Check("Path", answer.path, "Web pages"),
    Check("Key", answer.key, "Path"),
    Check("Status", answer.status, "Key"),
    Check("Stream", answer.stream, "Status"),
    Check("Chunks", contents.chunks, "Stream"),
    Check("Ending", contents.ending, "Stream"),
    Check("Words", speech.words, "Chunks"),
    Check("Usage", contents.usage, "Stream"),
    Check("No `stream`", contents.without_stream, "Stream"),
    Check("First message", contents.greeting, "Words"),
    Check("Barge-in", pace.barge_in, "Words"),
    Check("Keep-alive", pace.keep_alive, "Stream"),
    Check("Buffering", pace.buffering, "Words"),
    Check("First token", pace.first_token, "Words"),
    Check("First sentence", pace.first_sentence, "Words"),
    Check("Speakable", speech.speakable_text, "Words"),
    Check("Wrong key", access.wrong_key, "Key"),
    Check("No key", access.no_key, "Key"),
    Check("Clock", access.clock, "Answer"),
]


async def run(checks: Sequence[Check[T]], of: T, within_s: float = TOTAL_S) -> list[Finding]:
    """One finding for each check, in their order."""
    findings: dict[str, Finding] = {}
    causes: dict[str, str] = {}
    until = anyio.current_time() + within_s
    for check in checks:
        needed = findings.get(check.needs or "")
        if needed and needed.blocks:
            causes[check.name] = causes.get(needed.name, needed.name)
            judgement = skipped(f"“{causes[check.name]}” comes first")
        else:
            judgement = await _look(check, of, until)
        findings[check.name] = judgement.of(check.name)
    return list(findings.values())


async def _look(check: Check[T], of: T, until: float) -> Judgement:
    with anyio.move_on_at(until):
        return await check.look(of)
    return failed("There was no time left for it.", "Find out in the server's log what is slow.")
