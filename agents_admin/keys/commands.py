"""`simli-llm keys`: as the REST API does, but without a running server or a first key."""

from collections.abc import Sequence
from typing import Annotated, get_args
from uuid import UUID

import typer
from pydantic import BaseModel
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents_admin.commands.shared import Config, Json, errors
from agents_admin.commands.unit_of_work import run, wish
from agents_admin.errors import NotFound
from agents_admin.keys.admin_keys import create_admin_key
from agents_admin.keys.lifetimes import revoke
from agents_admin.keys.schemas import (
    AdminKeyCreate,
    AdminKeyCreated,
    AdminKeyRead,
    KeyRead,
    ServiceKeyCreate,
    ServiceKeyCreated,
    ServiceKeyRead,
)
from agents_admin.keys.service_keys import create_service_key
from agents_admin.keys.tables import admin_table, service_table
from agents_admin.models import AdminKey, AdminRole, ServiceKey
from agents_admin.settings import Settings
from llm_server import Scope

keys = typer.Typer(help="Keys of the admin API and the streaming server.", no_args_is_help=True)
create = typer.Typer(help="Make a key. It is shown this once.", no_args_is_help=True)
keys.add_typer(create, name="create")

Name = Annotated[str, typer.Argument(help="Whose it is, or what it is for.")]
Lifetime = Annotated[int | None, typer.Option(help="When it expires. Default: never.")]


class KeyList(BaseModel):
    admin: list[AdminKeyRead]
    service: list[ServiceKeyRead]


@create.command("admin")
def create_admin(
    name: Name,
    role: Annotated[AdminRole, typer.Option(help="What it may do.")] = AdminRole.VIEWER,
    expires_in_s: Lifetime = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make a key of the admin API."""
    new = wish(AdminKeyCreate, name=name, role=role, expires_in_s=expires_in_s)
    made = run(config, lambda db, settings: create_admin_key(db, settings, new), secrets=True)
    _show_once(made, json)


@create.command("service")
def create_service(
    name: Name,
    scope: Annotated[
        list[str], typer.Option(help=f"{', '.join(get_args(Scope))}; may be given several times.")
    ],
    expires_in_s: Lifetime = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make a key of the streaming server."""
    new = wish(ServiceKeyCreate, name=name, scopes=scope, expires_in_s=expires_in_s)
    made = run(config, lambda db, settings: create_service_key(db, settings, new), secrets=True)
    _show_once(made, json)


@keys.command("list")
def list_all(config: Config = None, json: Json = False) -> None:
    """List all keys but those of the configuration, newest first."""
    admin, service = run(config, _list, secrets=True)
    if json:
        found = KeyList.model_validate({"admin": admin, "service": service}, from_attributes=True)
        typer.echo(found.model_dump_json(indent=2))
    else:
        Console().print(admin_table(admin), service_table(service))


@keys.command("revoke")
def revoke_one(key_id: UUID, config: Config = None, json: Json = False) -> None:
    """Take a key back, of either kind. The list knows its id."""

    async def work(db: AsyncSession, _: Settings) -> AdminKey | ServiceKey:
        admin, service = await db.get(AdminKey, key_id), await db.get(ServiceKey, key_id)
        found = admin or service
        if found is None:
            raise NotFound(f"There is no key {key_id}.")
        await revoke(db, found)
        return found

    revoked = KeyRead.model_validate(run(config, work, secrets=True))
    if json:
        typer.echo(revoked.model_dump_json(indent=2))
    else:
        typer.echo(f"Revoked {revoked.name}.")


async def _list(db: AsyncSession, _: Settings) -> tuple[Sequence[AdminKey], Sequence[ServiceKey]]:
    admin = await db.scalars(select(AdminKey).order_by(AdminKey.id.desc()))
    service = await db.scalars(select(ServiceKey).order_by(ServiceKey.id.desc()))
    return admin.all(), service.all()


def _show_once(created: AdminKeyCreated | ServiceKeyCreated, json: bool) -> None:
    """The key alone on standard output, so that a script can take it from there."""
    if json:
        typer.echo(created.model_dump_json(indent=2))
    else:
        errors.print(f"The key of {created.name}, shown this once:", markup=False)
        typer.echo(created.key)
