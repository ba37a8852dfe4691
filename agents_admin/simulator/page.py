"""The room as a page for people: no script, everything escaped."""

from html import escape

from agents_admin.simulator.events import EndReason, HeardSentence, HeardTurn
from agents_admin.simulator.rooms import Room, Spoken

_STATES = {
    None: "The conversation is running. This page renews itself.",
    EndReason.VISITOR_LEFT: "The visitor has left.",
    EndReason.MAX_IDLE_TIME: "Nobody spoke for the session's maximal idle time.",
    EndReason.MAX_SESSION_LENGTH: "The session reached its maximal length.",
    EndReason.NO_CUSTOM_LLM: "This session has no custom LLM: one of Simli's own would answer "
    "here, so nobody was called.",
    EndReason.FAILED: "The simulator failed; its log says why.",
    EndReason.SHUTDOWN: "The simulator was stopped during the conversation.",
}

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem }
li { list-style: none; margin: .5rem 0; padding: .5rem .75rem; border-radius: .5rem }
ol { padding: 0 } .user { background: #eef; margin-left: 4rem }
.assistant { background: #f3f3f0; margin-right: 4rem } small { color: #666 } em { color: #a30 }
p { margin: 0 } mark { background: #fe9; font-size: .8rem; padding: 0 .25rem }
"""


def render(room: Room) -> str:
    """Return the whole page: what was said and heard in the room so far."""
    refresh = '<meta http-equiv="refresh" content="2">' if room.end_reason is None else ""
    entries = "\n".join(_entry(spoken) for spoken in room.spoken)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>Room {escape(room.name)}</title>{refresh}
<style>{_STYLE}</style>
</head>
<body>
<h1>Room {escape(room.name)}</h1>
<p>Session {escape(room.session_id)}. {escape(_STATES[room.end_reason])}</p>
<p><a href="{escape(room.name)}/log">The same as JSON</a></p>
<ol>
{entries}
</ol>
</body>
</html>
"""


def _entry(spoken: Spoken) -> str:
    speaker = "Visitor" if spoken.role == "user" else "Avatar"
    heard = _turn(spoken.turn) if spoken.turn else f"<p>{escape(spoken.content)}</p>"
    return f'<li class="{spoken.role}"><small>{spoken.at:%H:%M:%S} {speaker}</small>\n{heard}</li>'


def _turn(turn: HeardTurn) -> str:
    lines = [_sentence(sentence) for sentence in turn.sentences]
    if turn.cut_off:
        lines.append(f"<p><del>{escape(turn.cut_off)}</del></p>")
    if turn.remark:
        lines.append(f"<p><em>{escape(turn.remark)}</em></p>")
    return "\n".join(lines)


def _sentence(sentence: HeardSentence) -> str:
    marks = "".join(f" <mark>{kind}</mark>" for kind in sentence.mangled)
    return f"<p><small>{sentence.at_s:.2f} s</small> {escape(sentence.text)}{marks}</p>"
