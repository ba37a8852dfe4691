import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.processes import Finished, finish


def database_of(demo: Finished) -> Path:
    place = re.search(r"^ *Database +(\S+)$", demo.output, re.MULTILINE)
    assert place
    return Path(place[1])


@pytest.mark.timeout(200)
async def test_the_demo_plays_a_conversation_with_a_real_model(tmp_path: Path) -> None:
    # A busy machine needs some seconds for each of the model's answers.
    demo = await finish("demo", cwd=tmp_path, env={"TMPDIR": str(tmp_path)}, within_s=180)

    assert demo.code == 0, demo.output
    assert "SmolLM2-135M-Instruct" in demo.output
    assert "All of it really happened." in demo.output
    with closing(sqlite3.connect(database_of(demo))) as db:
        turns = db.execute(
            "SELECT outcome, answered_by, completion_tokens FROM turns ORDER BY started_at"
        ).fetchall()
        [entries] = db.execute("SELECT entries FROM transcripts").fetchone()
    assert [outcome for outcome, _, _ in turns].count("cancelled") == 1
    assert {answered_by for _, answered_by, _ in turns} == {"receptionist"}
    assert all(tokens > 1 for outcome, _, tokens in turns if outcome == "completed")
    assert len(json.loads(entries)) == 1 + 2 * len(turns)


async def test_the_demo_says_so_when_the_answers_are_scripted(tmp_path: Path) -> None:
    demo = await finish("demo", "--mock", cwd=tmp_path, env={"TMPDIR": str(tmp_path)})

    assert demo.code == 0, demo.output
    assert "this is the mock backend" in demo.output
    assert "barge-in" in demo.output
