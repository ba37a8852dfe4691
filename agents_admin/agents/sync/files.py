"""Agents as YAML files: one of them a file, told apart by their keys."""

from collections import Counter
from pathlib import Path

import yaml
from pydantic import ValidationError

from agents_admin.agents.managed import marked
from agents_admin.agents.named import find_unknown_names
from agents_admin.agents.schemas import AgentCreate, Name
from agents_admin.agents.sync.steps import SyncRefused, tell_faults
from agents_admin.settings import Settings


class AgentFile(AgentCreate):
    key: Name | None = None
    """What it is known by; its name, if this is not given. Renaming then makes another agent."""

    @property
    def known_as(self) -> str:
        return self.key or self.name

    def definition(self) -> AgentCreate:
        own = self.model_dump(exclude={"key"})
        return AgentCreate(**own | {"labels": marked(self.labels, self.known_as)})


def load_agents(folder: Path, settings: Settings) -> dict[str, AgentCreate]:
    """The agents of a directory by their keys. Raises SyncRefused with the faults of every file."""
    faults: list[str] = []
    found: list[AgentFile] = []
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        try:
            found.append(_load(path, settings))
        except SyncRefused as exc:
            faults.append(str(exc))
    counted = Counter(file.known_as for file in found)
    faults += [f"{n} files have the key {key!r}." for key, n in counted.items() if n > 1]
    if not found and not faults:
        # An empty plan would archive all: more likely it is the wrong directory.
        faults.append(f"There is no .yaml file in {folder}.")
    if faults:
        raise SyncRefused("\n".join(faults))
    return {file.known_as: file.definition() for file in found}


def _load(path: Path, settings: Settings) -> AgentFile:
    try:
        file = AgentFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise SyncRefused(f"{path.name}: this is not YAML: {exc}") from exc
    except OSError as exc:
        raise SyncRefused(f"{path.name}: this cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        raise SyncRefused(tell_faults(path.name, exc)) from exc
    if unknown := find_unknown_names(settings, file):
        faults = (f"{path.name}: {error['pointer']}: {error['detail']}" for error in unknown)
        raise SyncRefused("\n".join(faults))
    return file
