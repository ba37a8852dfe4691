"""What one stage tells the next one inside the text.

They are the information separators of ASCII, removed from what the model says: to Python they are
white space, and so they are to every rule that asks what stands beside a mark.
"""

# Something unspoken stood here: its two sides must neither grow together nor drift apart.
GAP = "\x1c"
# A line with a mark of its own begins (a heading, an item, a row): its end can be made to pause.
MARKED_LINE = "\x1d"
# A sentence ends here, or else one is made to.
LONG_PAUSE = "\x1e"
# A cell ends here.
SHORT_PAUSE = "\x1f"

SIGNALS = GAP + MARKED_LINE + LONG_PAUSE + SHORT_PAUSE
