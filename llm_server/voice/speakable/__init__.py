"""Speakable text: what a text-to-speech hears of an answer that was written to be read.

The text passes through stages, each of which leaves out one kind of thing:

    Hidden      thoughts, comments                          hidden.py
    Blocks      marks at the beginning of a line            blocks.py
    Inline      marks within a line                         inline.py
    Characters  emoji, control and zero-width characters    characters.py
    Joints      nothing: closes the gaps, and pauses        joints.py

A stage says what it can at once and never takes it back. So some things are heard that a reader
of the whole text would have known better: a blank before what was left out and a full stop ("it
rained [1]." is "it rained ."), the first row of a table without a bar at its beginning, and a
pause in an item that is broken into lines.
"""

from llm_server.voice.speakable.speaking import Speakable, speakable

__all__ = ["Speakable", "speakable"]
