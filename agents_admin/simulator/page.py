"""The room as a page for people: no script, everything escaped."""

from html import escape

from agents_admin.simulator.events import EndReason
from agents_admin.simulator.rooms import Room, Spoken

_STATES = {
    None: "The conversation is running. This page renews itself.",
    EndReason.VISITOR_LEFT: "The visitor has left.",
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
<ol>
{entries}
</ol>
</body>
</html>
"""


def _entry(spoken: Spoken) -> str:
    speaker = "Visitor" if spoken.role == "user" else "Avatar"
    remark = f" <em>({escape(spoken.remark)})</em>" if spoken.remark else ""
    time = f"{spoken.at:%H:%M:%S}"
    return (
        f'<li class="{spoken.role}"><small>{time} {speaker}</small><br>'
        f"{escape(spoken.content)}{remark}</li>"
    )
