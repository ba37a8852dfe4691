"""The labels that mark an agent as kept by a file: whose it is, and which."""

MANAGED_BY = "managed-by"
MANAGER = "yaml"
KEY = "yaml-key"


def marked(labels: dict[str, str], key: str) -> dict[str, str]:
    return labels | {MANAGED_BY: MANAGER, KEY: key}


def unmarked(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in (MANAGED_BY, KEY)}
