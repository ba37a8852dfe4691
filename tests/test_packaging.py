"""What is shipped: the wheel, and the pinned requirements of the image."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PINNED = (ROOT / "requirements.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_wheel_holds_both_packages_with_their_data_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")

    names = ZipFile(wheel).namelist()

    assert {
        "llm_server/py.typed",
        "agents_admin/py.typed",
        "agents_admin/migrations/env.py",
        "agents_admin/migrations/script.py.mako",
        "agents_admin/simulator/sample.yaml",
        "agents_admin/demo/receptionist.yaml",
    } <= set(names)
    assert any(name.startswith("agents_admin/migrations/versions/0001") for name in names)
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "llm_server",
        "agents_admin",
    }


@pytest.mark.parametrize("dependency", PROJECT["dependencies"])
def test_the_image_installs_every_dependency_pinned(dependency: str) -> None:
    wanted = Requirement(dependency)

    pin = re.search(rf"^{wanted.name}==([\w.]+)", PINNED, re.MULTILINE)

    assert pin
    assert wanted.specifier.contains(pin[1])


def test_the_requirements_are_hashed_and_name_no_address() -> None:
    pins = re.findall(r"^\S+==.*?(?=^\S|\Z)", PINNED, re.MULTILINE | re.DOTALL)

    assert len(pins) > len(PROJECT["dependencies"])
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in PINNED
