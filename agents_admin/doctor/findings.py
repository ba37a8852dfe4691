"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """It works, but not as well or as safely as it should."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Nothing can be said; `what` tells why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Of one check: what was seen, and what to do about it if that is not well."""

    name: str
    verdict: Verdict
    what: str
    advice: str = ""

    @property
    def blocks(self) -> bool:
        """Whether checks that need this one have nothing to stand on."""
        return self.verdict in (Verdict.FAILED, Verdict.SKIPPED)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of one thing that was looked at."""

    about: str
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding without the name of its check, which only the list of checks knows."""

    verdict: Verdict
    what: str
    advice: str = ""

    def of(self, name: str) -> Finding:
        return Finding(name, self.verdict, self.what, self.advice)


def ok(what: str) -> Judgement:
    return Judgement(Verdict.OK, what)


def warning(what: str, advice: str) -> Judgement:
    return Judgement(Verdict.WARNING, what, advice)


def failed(what: str, advice: str) -> Judgement:
    return Judgement(Verdict.FAILED, what, advice)


def skipped(why: str) -> Judgement:
    return Judgement(Verdict.SKIPPED, why)
