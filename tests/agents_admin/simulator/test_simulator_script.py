from pathlib import Path

import pytest

from agents_admin.simulator import InputRefused, Line, Script, load_sample, load_script


def test_a_script_is_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "visitor.yaml"
    file.write_text("name: V\npause_s: 0\nlines: [{say: Hi}, {say: Stop, interrupt_after: 5}]")

    script = load_script(file)

    lines = (Line(say="Hi"), Line(say="Stop", interrupt_after=5))
    assert script == Script(name="V", pause_s=0, lines=lines)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lines: [{say: Hi, intrrupt_after: 3}]", "unknown key 'intrrupt_after' in lines.0"),
        ("lines: [{say: Hi}]\npaws: 1", "unknown key 'paws'"),
        ("lines: [{say: Hi, interrupt_after: 0}]", "lines.0.interrupt_after: "),
        ("lines: [{say: Hi, interrupt_after_ms: soon}]", "lines.0.interrupt_after_ms: "),
        ("lines: [{say: Hi}]\nthen: dance", "then: "),
        ("lines: []", "lines: "),
        ("name: nobody", "lines: Field required"),
        ("just words", "valid dictionary"),
        ("", "valid dictionary"),
        ("lines: [", "this is not YAML"),
    ],
)
def test_a_faulty_script_is_refused_with_its_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "visitor.yaml"
    file.write_text(text)

    with pytest.raises(InputRefused, match=r"^visitor\.yaml: ") as refused:
        load_script(file)

    assert complaint in str(refused.value)


def test_the_sample_has_seven_turns_or_more_and_one_interrupts() -> None:
    lines = load_sample().lines

    assert len(lines) >= 7
    assert sum(line.interrupt_after is not None for line in lines) == 1


def test_a_script_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"^nobody\.yaml: No such file"):
        load_script(tmp_path / "nobody.yaml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "visitor.yaml"
    file.write_bytes(b"\xff\xfe\xff")

    with pytest.raises(InputRefused, match=r"^visitor\.yaml: this is not UTF-8"):
        load_script(file)
