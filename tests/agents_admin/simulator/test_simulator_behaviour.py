from pathlib import Path

import pytest

from agents_admin.simulator import Behaviour, InputRefused, list_switches, load_behaviour
from tests.agents_admin.simulator.stage import behave


def write(folder: Path, text: str) -> Path:
    file = folder / "simli.yaml"
    file.write_text(text)
    return file


def test_without_anything_it_is_the_default() -> None:
    assert load_behaviour() == Behaviour()


def test_switches_come_from_a_file_and_single_ones_win(tmp_path: Path) -> None:
    file = write(tmp_path, "calls: {stream: false, early: 2}\nlimits: {sessions: 1}")

    behaviour = load_behaviour(file, ["calls.early=3", "transcripts.shape=text"])

    assert behaviour == behave(
        calls={"stream": False, "early": 3},
        limits={"sessions": 1},
        transcripts={"shape": "text"},
    )


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    assert load_behaviour(write(tmp_path, ""), ["calls.never=true"]).calls.never


@pytest.mark.parametrize(
    ("text", "switch", "complaint"),
    [
        ("call: {}", None, "unknown key 'call'"),
        ("calls: {steam: false}", None, "unknown key 'steam' in calls"),
        ("transcripts: {shape: round}", None, "transcripts.shape: "),
        ("[1]", "calls.never=true", "valid dictionary"),
        ("calls: all", "calls.never=true", "calls: this is no section"),
        ("", "calls.steam=false", "unknown key 'steam' in calls"),
        ("", "stream=false", "say it as calls.stream=false"),
        ("", "calls.stream", "say it as calls.stream=false"),
        ("", "calls.stream=[", "calls.stream: this is not YAML"),
        ("limits: {second_s: 0}", None, "limits.second_s: "),
    ],
)
def test_what_is_no_switch_is_refused_with_its_place(
    tmp_path: Path, text: str, switch: str | None, complaint: str
) -> None:
    file = write(tmp_path, text)

    with pytest.raises(InputRefused) as refused:
        load_behaviour(file, [switch] if switch else [])

    assert complaint in str(refused.value)


def test_every_switch_has_a_meaning() -> None:
    switches = list(list_switches())

    assert ("calls.stream", True) in [(path, default) for path, default, _ in switches]
    assert all(meaning for _, _, meaning in switches)
