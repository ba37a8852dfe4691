"""The whole examination: what is to be called, and both halves of the report."""

import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

import anyio

from agents_admin.doctor.checks import URL_CHECKS, run
from agents_admin.doctor.findings import Finding, Findings
from agents_admin.doctor.installation import INSTALLATION_CHECKS, Installation
from agents_admin.doctor.reach import is_inside
from agents_admin.doctor.report import without_secrets
from agents_admin.doctor.target import (
    SIMLI_DEFAULT_MODEL,
    KeyNeeded,
    Target,
    make_session_key,
    own_base_url,
)
from agents_admin.doctor.visit import Resolver, resolve_name, visiting
from agents_admin.settings import Settings


def target_of(
    installation: Installation, url: str | None, key: str | None, model: str | None
) -> Target | None:
    """What to call. None if that is in a configuration which cannot be read.

    A key of this installation goes to none but its own addresses. Raises KeyNeeded.
    """
    settings = installation.settings
    if not isinstance(settings, Settings):
        if url and not key:
            raise KeyNeeded("The configuration cannot be read, so --url needs --key.")
        return Target(url, model or SIMLI_DEFAULT_MODEL, key) if url else None
    base_url = url or own_base_url(settings)
    if key:
        mine = url is None
        return Target(base_url, model or (_first(settings) if mine else SIMLI_DEFAULT_MODEL), key)
    if not _is_own(base_url, settings):
        raise KeyNeeded(f"{base_url} is not this installation's, so it needs --key.")
    model = model or _first(settings)
    return Target(base_url, model, make_session_key(settings, model))


def _first(settings: Settings) -> str:
    return next(iter(settings.models))


def _is_own(url: str, settings: Settings) -> bool:
    host = urlsplit(url).hostname or ""
    return host == urlsplit(settings.public_url).hostname or is_inside(host)


async def examine(
    target: Target | None, installation: Installation, *, with_public_url: bool
) -> list[Findings]:
    """Both at the same time. `with_public_url`, if that is not what `target` is."""
    checks = [
        check for check in INSTALLATION_CHECKS if with_public_url or check.name != "Public URL"
    ]
    at_home: list[Finding] = []

    async def look_at_home() -> None:
        at_home.extend(await run(checks, installation))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look_at_home)
        report = [await examine_url(target)] if target else []
    report.append(Findings("This installation", at_home))
    return without_secrets(report, _secrets(target))


async def examine_url(
    target: Target, resolve: Resolver = resolve_name, trust: ssl.SSLContext | None = None
) -> Findings:
    async with visiting(target, resolve, trust) as visit:
        findings = await run(URL_CHECKS, visit)
    return Findings(f"{target.base_url}, model {target.model}", findings)


def _secrets(target: Target | None) -> Sequence[str | None]:
    return (target.key, urlsplit(target.base_url).password) if target else ()
