"""Secrets that nobody configured: generated once, and kept in a file beside the SQLite database."""

import logging
import os
from pathlib import Path
from secrets import token_urlsafe

import yaml
from pydantic import BaseModel, SecretStr, ValidationError
from sqlalchemy.engine import make_url

from agents_admin.settings import Settings
from llm_server import InvalidSettings

logger = logging.getLogger(__name__)


class KeptSecrets(BaseModel):
    """What the file holds."""

    session_secret: SecretStr
    admin_key: SecretStr


def secrets_file(settings: Settings) -> Path | None:
    """Beside the database file. A database that is no file has no place beside it."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return Path(f"{url.database}.secrets")


def with_secrets_if_kept(settings: Settings) -> Settings:
    """Fill them in from where they were kept before. Nothing is made."""
    path = secrets_file(settings)
    return with_kept_secrets(settings) if path and path.exists() else settings


def with_kept_secrets(settings: Settings) -> Settings:
    """Fill in the session secret and the admin key where the configuration has none.

    Raises InvalidSettings when they have no place to be kept: several processes that share a
    PostgreSQL must be told the same secret.
    """
    if settings.session_secret and settings.admin.keys:
        return settings
    path = secrets_file(settings)
    if path is None:
        if settings.session_secret:
            return settings
        raise InvalidSettings(
            [
                "session_secret: needed with this database, at least 16 characters, the same for"
                f" all processes that share it; for example {token_urlsafe(32)}"
            ]
        )
    kept = _read(path) or _create(path)
    if not settings.admin.keys:
        logger.info("the admin key is in %s", path)
    admin = settings.admin
    return settings.replace(
        session_secret=settings.session_secret or kept.session_secret,
        admin=admin if admin.keys else admin.model_copy(update={"keys": [kept.admin_key]}),
    )


def _create(path: Path) -> KeptSecrets:
    """Write the file, unless another process was quicker: then read what that one wrote."""
    kept = {"session_secret": token_urlsafe(32), "admin_key": f"adm-{token_urlsafe(24)}"}
    # Written whole under another name first, so that nobody ever reads half a file.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(kept, file)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _read(path) or KeptSecrets.model_validate(kept)


def _read(path: Path) -> KeptSecrets | None:
    try:
        return KeptSecrets.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, yaml.YAMLError, ValidationError) as exc:
        raise InvalidSettings(
            ["cannot be read; expected session_secret and admin_key (delete it for new ones)"],
            path,
        ) from exc
