"""What keeps Simli from getting there: names, addresses, ports, certificates."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents_admin.doctor.checks import URL_CHECKS, run
from agents_admin.doctor.examination import examine_url
from agents_admin.doctor.findings import Verdict
from agents_admin.doctor.reach import is_inside
from agents_admin.doctor.target import Target
from agents_admin.doctor.visit import visiting
from tests.agents_admin.doctor.certificates import Certified, certify, tls_in_front_of, trusting
from tests.agents_admin.doctor.custom_llm import KEY, CustomLlm
from tests.agents_admin.doctor.examining import Report, examine_at
from tests.end_to_end.processes import free_port
from tests.llm_server.servers import serve

FAILED, OK, SKIPPED, WARNING = Verdict.FAILED, Verdict.OK, Verdict.SKIPPED, Verdict.WARNING

ADDRESS_CHECKS = URL_CHECKS[:2]


async def unknown(host: str, port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def test_a_name_without_an_address() -> None:
    target = Target("https://llm.invalid/v1", "m", KEY)

    report = Report((await examine_url(target, unknown)).findings)

    assert "DNS" in report.cure("Name", FAILED)
    assert {found.verdict for found in report.by_name.values()} == {FAILED, SKIPPED}
    assert report.by_name["Words"].what == "“Name” comes first"


@pytest.mark.parametrize(
    ("addresses", "verdict", "cure"),
    [
        (["127.0.0.1"], FAILED, "tunnel"),
        (["192.168.1.7", "fd00::1"], FAILED, "tunnel"),
        (["1.1.1.1", "10.0.0.1"], WARNING, "DNS"),
        (["1.1.1.1", "2606:4700::1111"], OK, ""),
    ],
)
async def test_addresses_that_simli_cannot_reach(
    addresses: list[str], verdict: Verdict, cure: str
) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    async with visiting(Target("https://llm.example", "m", KEY), resolve) as visit:
        report = Report(await run(ADDRESS_CHECKS, visit))

    finding = report.by_name["Public address"]
    assert finding.verdict == verdict
    assert cure in finding.advice


@pytest.mark.parametrize("host", ["localhost", "printer.local", "::1", "100.64.0.1"])
def test_hosts_that_only_their_own_network_knows(host: str) -> None:
    assert is_inside(host)
    assert not is_inside("llm.example.com")


async def test_a_port_on_which_nobody_listens() -> None:
    report = await examine_at(f"http://127.0.0.1:{free_port()}/v1")

    assert "Start the server" in report.cure("Connection", FAILED)
    assert report.by_name["Stream"].what == "“Connection” comes first"


async def test_one_of_two_addresses_is_dead() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1", "127.0.0.2"]

    async with serve(CustomLlm().app) as url:
        target = Target(url.replace("127.0.0.1", "localhost"), "m", KEY)
        async with visiting(target, resolve) as visit:
            report = Report(await run(URL_CHECKS[:3], visit))

    assert "127.0.0.2 refuses" in report.by_name["Connection"].what
    assert "DNS" in report.cure("Connection", WARNING)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serve(CustomLlm().app) as url:
        yield url


@pytest.fixture(scope="module")
def authority() -> Certified:
    return certify()


async def test_a_server_with_a_good_certificate(
    url: str, authority: Certified, tmp_path: Path
) -> None:
    async with tls_in_front_of(url, certify(by=authority), tmp_path) as secure:
        report = await examine_at(f"{secure}/v1", trust=trusting(authority))

    assert report.troubles == set()
    assert report.verdict("TLS") == OK
    assert "TLSv1.3" in report.by_name["TLS"].what


@pytest.mark.parametrize(
    ("flaw", "verdict", "cure"),
    [
        ({"days": -1}, FAILED, "Renew"),
        ({"days": 3}, WARNING, "Renew it now"),
        ({"address": "127.0.0.2"}, FAILED, "for this name"),
    ],
)
async def test_a_certificate_that_is_not_good(
    authority: Certified, tmp_path: Path, flaw: dict[str, Any], verdict: Verdict, cure: str
) -> None:
    certified = certify(by=authority, **flaw)

    async with (
        serve(CustomLlm().app) as url,
        tls_in_front_of(url, certified, tmp_path) as secure,
    ):
        report = await examine_at(f"{secure}/v1", trust=trusting(authority))

    assert cure in report.cure("TLS", verdict)


async def test_a_certificate_that_nobody_vouches_for(
    url: str, authority: Certified, tmp_path: Path
) -> None:
    async with tls_in_front_of(url, certify(), tmp_path) as secure:
        report = await examine_at(f"{secure}/v1", trust=trusting(authority))

    assert "Let's Encrypt" in report.cure("TLS", FAILED)
    assert report.verdict("Answer") == SKIPPED


async def test_a_chain_that_ends_nowhere(url: str, authority: Certified, tmp_path: Path) -> None:
    async with tls_in_front_of(url, certify(by=certify()), tmp_path) as secure:
        report = await examine_at(f"{secure}/v1", trust=trusting(authority))

    assert "fullchain.pem" in report.cure("TLS", FAILED)


async def test_a_port_that_speaks_no_tls(url: str) -> None:
    report = await examine_at(url.replace("http://", "https://"))

    assert "http:// URL" in report.cure("TLS", FAILED)


async def test_a_key_in_the_clear(url: str) -> None:
    report = await examine_at(f"{url}/v1")

    assert "https://" in report.cure("TLS", WARNING)
