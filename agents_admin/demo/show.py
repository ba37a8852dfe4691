"""What the demo shows: the conversation as it happens, and what was stored of it."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

from agents_admin.simulator import (
    AnswerPiece,
    ConversationStarted,
    Event,
    HeardTurn,
    TurnEnded,
    TurnStarted,
)
from llm_server.voice.phrases import phrases_for

Json = dict[str, Any]

# In a room they are words like all others. Here, a filler is told by its coming in one piece.
FILLERS = frozenset(phrases_for("en").fillers)


class QuietConsole(Console):
    """Goes on in silence when nobody reads it any more, as behind `| head`."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        # Python flushes standard output once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_event(console: Console, event: Event) -> None:
    """Show one thing that happened in the room, the moment it happens."""
    match event:
        case ConversationStarted(room_url=url, first_message=text):
            console.print(f"Simli opened the room {url}", soft_wrap=True)
            console.print(f"\n  [bold cyan]Avatar [/]  {escape(text or '')}")
            console.print("           [dim]the first message, spoken without asking a model[/]")
        case TurnStarted(index=index, said=said):
            console.print(f"\n[dim]{index + 1}[/] [bold yellow]Visitor[/]  {escape(said)}")
            console.print("  [bold cyan]Avatar [/]  ", end="")
        case AnswerPiece(text=text):
            style = "dim" if text in FILLERS else None
            # As it comes, so nothing is wrapped or held back.
            console.print(text, end="", style=style, markup=False, soft_wrap=True)
        case TurnEnded(turn=turn):
            console.print(" [bold red]— barge-in[/]" if turn.interrupted else "")
            console.print(f"           [dim]{_timing(turn)}[/]", soft_wrap=True)


def _timing(turn: HeardTurn) -> str:
    if turn.error:
        return f"[red]silent: {escape(turn.error)}[/]"
    end = "hung up at" if turn.interrupted else "all at"
    return (
        f"first token {_ms(turn.ttft_s)}, first sentence {_ms(turn.first_sentence_s)}, "
        f"{end} {_ms(turn.duration_s)}; {turn.pieces} pieces"
    )


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:.0f} ms"


def show_turns(console: Console, turns: Sequence[Json]) -> None:
    """The turns as our side recorded them. Of what was sent, the end: it shows the barge-in."""
    console.print(Rule("Turns, as the streaming server recorded them", align="left"))
    table = Table(box=None, expand=True)
    for heading, width in (("#", 2), ("outcome", 11), ("token", 7), ("sentence", 8), ("all", 7)):
        table.add_column(heading, justify="right", min_width=width, no_wrap=True)
    table.add_column("sent", no_wrap=True, overflow="ellipsis", ratio=1)
    for turn in turns:
        outcome = turn["outcome"]
        table.add_row(
            str(turn["index"] + 1),
            "[red]interrupted[/]" if outcome == "cancelled" else outcome,
            _ms(turn["ttft_s"]),
            _ms(turn["first_sentence_s"]),
            _ms(turn["duration_s"]),
            "\n".join([escape(_end_of(turn["answer_text"])), *_remarks(turn)]),
        )
    console.print(table)


def _remarks(turn: Json) -> Iterator[str]:
    """What was not as usual: who else answered, and what the server said itself."""
    if turn["answered_by"] not in (turn["model"], None):
        yield f"[dim]answered by {escape(turn['answered_by'])}[/]"
    for aside in turn["asides"]:
        yield f"[dim]{aside['kind']}: {escape(aside['text'].strip())}[/]"


def _end_of(text: str, characters: int = 30) -> str:
    return text if len(text) <= characters else f"…{text[-characters:]}"


def show_transcript(console: Console, transcript: Json) -> None:
    console.print(Rule("Transcript, pulled from Simli and stored", align="left"))
    table = Table.grid(padding=(0, 1))
    for entry in transcript["entries"]:
        avatar = entry["role"] == "assistant"
        name = "[bold cyan]Avatar[/]" if avatar else "[bold yellow]Visitor[/]"
        table.add_row(f" {name}", escape(entry["text"]))
    console.print(table)


def show_places(console: Console, places: Mapping[str, str]) -> None:
    console.print(Rule("Where everything is", align="left"))
    for name, place in places.items():
        # On one line, however long, so that it can be copied.
        console.print(f" [bold]{name:<17}[/]{escape(place)}", soft_wrap=True)


def show_checks(console: Console, failures: Sequence[str]) -> None:
    if failures:
        console.print(Rule("What did not happen", align="left", style="red"))
        for failure in failures:
            console.print(f"  [red]✗[/] {escape(failure)}")
    else:
        console.print("\n[bold green]✓[/] All of it really happened.")
