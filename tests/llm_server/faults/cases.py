"""Ways in which an upstream fails, and who answers then."""

from dataclasses import dataclass, field

from tests.llm_server.wire import MODEL, Json

SPARE = "spare"

ANSWER = (
    "We open at eight in the morning on every day but Sunday. If you are new here, please bring "
    "your insurance card and a list of the medicines that you take. The first visit is long, "
    "because the doctor wants to know you well. Should you be in pain, do not wait for a free "
    "hour, come in at once."
)
WORDS = ANSWER.split()

# The backends of a turn, and how each of them fared.
Attempts = list[tuple[str, str]]

WELL: Attempts = [(MODEL, "answered")]
OVERTAKEN: Attempts = [(SPARE, "answered"), (MODEL, "overtaken")]


def failed(kind: str) -> Attempts:
    return [(MODEL, kind), (SPARE, "answered")]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A fault of the primary, and what the turn looks like that a spare saves."""

    fault: Json
    asked: tuple[int, int]
    """How many requests the primary gets, and the spare."""
    attempts: Attempts
    speaks_first: bool = False
    """Whether the primary begins the answer that the spare ends."""
    limits: Json = field(default_factory=dict)
    """Settings of the primary."""
    spare_fault: Json | None = None

    @property
    def models(self) -> list[str]:
        """Who is reported as the model, one after the other."""
        [last] = [model for model, outcome in self.attempts if outcome == "answered"]
        return [MODEL, last] if self.speaks_first else [last]


CASES = {
    "429 with retry-after": Case(
        fault={"name": "429-retry-after", "retry_after_s": 0.01, "once": True},
        asked=(2, 0),
        attempts=WELL,
    ),
    "429 without retry-after": Case(
        fault={"name": "429"}, asked=(1, 1), attempts=failed("rate_limit_exceeded")
    ),
    "one 500": Case(fault={"name": "500", "once": True}, asked=(2, 0), attempts=WELL),
    "lasting 503": Case(fault={"name": "503"}, asked=(2, 1), attempts=failed("upstream_failed")),
    "reset": Case(fault={"name": "reset", "once": True}, asked=(2, 0), attempts=WELL),
    "no response": Case(
        fault={"name": "no-answer"},
        asked=(1, 1),
        attempts=OVERTAKEN,
        limits={"first_content_s": 0.1},
    ),
    "slow first token": Case(
        fault={"name": "slow-first-token", "seconds": 20},
        asked=(1, 1),
        attempts=OVERTAKEN,
        limits={"first_content_s": 0.1},
    ),
    "cut": Case(
        fault={"name": "cut", "after": 40},
        asked=(1, 1),
        attempts=failed("upstream_failed"),
        speaks_first=True,
    ),
    "stall": Case(
        fault={"name": "stall", "after": 20},
        asked=(1, 1),
        attempts=failed("upstream_timed_out"),
        speaks_first=True,
        limits={"stall_s": 0.5},
    ),
    "malformed chunk": Case(
        fault={"name": "malformed", "after": 10},
        asked=(1, 1),
        attempts=failed("upstream_failed"),
        speaks_first=True,
    ),
    "no done": Case(fault={"name": "no-done"}, asked=(1, 0), attempts=WELL),
    "context length": Case(
        fault={"name": "context-length"},
        asked=(1, 1),
        attempts=failed("context_length_exceeded"),
    ),
    "cut, and a spare that takes no prefill": Case(
        fault={"name": "cut", "after": 40},
        asked=(1, 1),
        attempts=failed("upstream_failed"),
        speaks_first=True,
        spare_fault={"name": "no-prefill"},
    ),
}
