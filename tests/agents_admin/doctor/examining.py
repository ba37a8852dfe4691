"""Examine a server in a test, and say what is expected to be found."""

import ssl

import httpx

from agents_admin.doctor.examination import examine_url
from agents_admin.doctor.findings import Finding, Verdict
from agents_admin.doctor.target import Target
from agents_admin.doctor.visit import resolve_name
from tests.agents_admin.doctor.custom_llm import KEY, CustomLlm
from tests.llm_server.servers import serve


class Report:
    """Findings by the name of their check."""

    def __init__(self, findings: list[Finding]) -> None:
        self.by_name = {finding.name: finding for finding in findings}

    def verdict(self, name: str) -> Verdict:
        return self.by_name[name].verdict

    def cure(self, name: str, verdict: Verdict) -> str:
        """The advice, of a check with this verdict."""
        finding = self.by_name[name]
        assert finding.verdict == verdict, finding
        assert finding.advice
        return finding.advice

    @property
    def troubles(self) -> set[str]:
        """The checks that are not well, but for those that a loopback address always fails."""
        good = (Verdict.OK, Verdict.SKIPPED)
        ill = {name for name, found in self.by_name.items() if found.verdict not in good}
        return ill - {"Public address", "TLS"}


async def examine_at(
    base_url: str, key: str | None = KEY, trust: ssl.SSLContext | None = None
) -> Report:
    target = Target(base_url, "a-model", key)
    return Report((await examine_url(target, resolve_name, trust)).findings)


async def examine(llm: CustomLlm, base: str = "/v1", key: str = KEY) -> Report:
    async with serve(llm.app) as url:
        return await examine_at(f"{url}{base}", key)


def headers(**values: str) -> httpx.Headers:
    return httpx.Headers({name.replace("_", "-"): value for name, value in values.items()})
