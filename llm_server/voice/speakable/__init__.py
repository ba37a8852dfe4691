"""Speakable text: what a text-to-speech hears of an answer that was written to be read.

The text passes through stages, each of which leaves out one kind of thing:

    Hidden      thoughts, comments                          hidden.py
    Blocks      marks at the beginning of a line            blocks.py
    Inline      marks within a line                         inline.py
    Characters  emoji, control and zero-width characters    characters.py
    Joints      nothing: closes the gaps, and pauses        joints.py
"""

from llm_server.voice.speakable.speaking import Speakable, speakable

__all__ = ["Speakable", "speakable"]
