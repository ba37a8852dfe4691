"""What was heard in many conversations, in numbers."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from agents_admin.load.audience import Audience
from agents_admin.simulator import EndReason

_EXPECTED = {EndReason.VISITOR_LEFT, EndReason.MAX_IDLE_TIME, EndReason.MAX_SESSION_LENGTH}


@dataclass(frozen=True, slots=True)
class Report:
    """Times are seconds since the visitor stopped speaking; None if nothing was ever heard."""

    sessions: int
    turns: int
    first_sentence_p50_s: float | None
    first_sentence_p95_s: float | None
    silent_turns: int
    barge_ins: int
    mangled_sentences: int
    errors: dict[str, int]
    """By kind: turns that failed, starts that were refused, sessions that were broken off."""

    @property
    def passed(self) -> bool:
        return self.turns > 0 and not self.silent_turns and not self.errors


def make_report(audience: Audience, refusals: Sequence[str] = ()) -> Report:
    turns = audience.turns
    first_sentences = [s for turn in turns if (s := turn.first_sentence_s) is not None]
    failures = [turn.error for turn in turns if turn.error]
    broken_off = [f"ended: {why}" for why in audience.ended.values() if why not in _EXPECTED]
    return Report(
        sessions=len(audience.ended),
        turns=len(turns),
        first_sentence_p50_s=_percentile(first_sentences, 50),
        first_sentence_p95_s=_percentile(first_sentences, 95),
        silent_turns=sum(turn.silent for turn in turns),
        barge_ins=sum(turn.interrupted for turn in turns),
        mangled_sentences=sum(bool(s.mangled) for turn in turns for s in turn.sentences),
        errors=dict(Counter([*failures, *refusals, *broken_off]).most_common()),
    )


def as_table(report: Report) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("conversations", str(report.sessions))
    table.add_row("turns", str(report.turns))
    table.add_row("first sentence, median", _ms(report.first_sentence_p50_s))
    table.add_row("first sentence, 95th percentile", _ms(report.first_sentence_p95_s))
    table.add_row("silent turns", str(report.silent_turns))
    table.add_row("barge-ins", str(report.barge_ins))
    table.add_row("sentences a voice would mangle", str(report.mangled_sentences))
    table.add_row("errors", str(sum(report.errors.values())))
    for kind, count in report.errors.items():
        table.add_row(f"  {kind}", str(count), style="red")
    return table


def _percentile(values: Sequence[float], percent: int) -> float | None:
    """By nearest rank: a time that was really measured."""
    if not values:
        return None
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"
