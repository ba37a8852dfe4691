"""Findings, for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agents_admin.doctor.findings import Finding, Findings, Verdict

MARKS = {
    Verdict.OK: ("✓", "green"),
    Verdict.WARNING: ("!", "yellow"),
    Verdict.FAILED: ("✗", "bold red"),
    Verdict.SKIPPED: ("–", "dim"),
}


# Of the longest name: so both tables stand in one line.
NAME_WIDTH = 14


def passed(report: Sequence[Findings]) -> bool:
    return all(found.verdict is not Verdict.FAILED for found in _all(report))


def without_secrets(report: Sequence[Findings], secrets: Iterable[str | None]) -> list[Findings]:
    """What a server says of an error may quote the key that it was sent."""
    known = [secret for secret in secrets if secret]

    def clean(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "[redacted]")
        return text

    return [
        Findings(
            clean(part.about),
            [
                replace(found, what=clean(found.what), advice=clean(found.advice))
                for found in part.findings
            ],
        )
        for part in report
    ]


def as_json(report: Sequence[Findings]) -> str:
    content = {"passed": passed(report), "report": [asdict(part) for part in report]}
    return json.dumps(content, indent=2, ensure_ascii=False)


def show(console: Console, report: Sequence[Findings]) -> None:
    for part in report:
        console.print(Rule(Text(part.about, "bold"), align="left", style="dim"))
        console.print(_table(part.findings))
        console.print()
    console.print(_summary(report))


def _table(findings: Sequence[Finding]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True, min_width=NAME_WIDTH)
    table.add_column(ratio=1)
    for (verdict, what), alike in groupby(findings, lambda found: (found.verdict, found.what)):
        mark, style = MARKS[verdict]
        rows = list(alike)
        if verdict is Verdict.SKIPPED:
            names = ", ".join(found.name for found in rows)
            table.add_row(
                Text(mark, style), Text("Skipped", style), Text(f"{names}: {what}", style)
            )
        else:
            name = Text(rows[0].name, "" if verdict is Verdict.OK else "bold")
            table.add_row(Text(mark, style), name, _said(rows[0]))
    return table


def _said(finding: Finding) -> RenderableType:
    if not finding.advice:
        return Text(finding.what)
    advice = Table.grid(padding=(0, 1))
    advice.add_row(Text("→", "cyan"), Text(finding.advice, "cyan"))
    return Group(Text(finding.what), advice)


def _summary(report: Sequence[Findings]) -> Text:
    counts = Counter(found.verdict for found in _all(report))
    words = ", ".join(_count(verdict, counts[verdict]) for verdict in Verdict if counts[verdict])
    first = next((found for found in _all(report) if found.verdict is Verdict.FAILED), None)
    if first is None:
        return Text.assemble(("✓ ", "bold green"), f"Nothing keeps the avatar silent: {words}.")
    return Text.assemble(("✗ ", "bold red"), f"Begin with “{first.name}”: {words}.")


def _count(verdict: Verdict, number: int) -> str:
    plural = "s" if verdict is Verdict.WARNING and number > 1 else ""
    return f"{number} {verdict}{plural}"


def _all(report: Sequence[Findings]) -> list[Finding]:
    return [found for part in report for found in part.findings]
