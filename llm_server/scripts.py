"""Scripts that are written without spaces, as ranges for a regular expression's character class.

Words and tokens of them cannot be counted by their spaces.
"""

# Han, kana, bopomofo. Hangul has spaces.
EAST_ASIAN = (
    "\u3005-\u3007\u3041-\u30ff\u3105-\u312f\u31f0-\u31ff\uff66-\uff9f"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)

# Thai, Lao, Myanmar, Khmer; with their vowel signs and tone marks.
SOUTH_EAST_ASIAN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
