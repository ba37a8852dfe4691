"""Make, watch and delete faces. Simli documents none of the answers but that of the list.

Its first service makes them, its second keeps them.
"""

from email.parser import BytesParser
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError

from agents_admin.simulator.endpoints.errors import ServiceRefused, ServiceRoute
from agents_admin.simulator.endpoints.keys import Account, ServiceAccount
from agents_admin.simulator.faces import Face, FaceResponse, Kind
from agents_admin.simulator.simulator import CurrentSimulator, Simulator

makers = APIRouter(prefix="/faces")
keepers = APIRouter(prefix="/faces", route_class=ServiceRoute)

_NO_IMAGE = {"type": "missing", "loc": ("body", "image"), "msg": "Field required"}


async def require_image(account: Account, request: Request) -> str:
    """By the standard library: a form of FastAPI's would need one more dependency."""
    head = f"content-type: {request.headers.get('content-type')}\r\n\r\n".encode()
    form = BytesParser().parsebytes(head + await request.body())
    names = [part.get_param("name", header="content-disposition") for part in form.walk()]
    if "image" not in names:
        raise RequestValidationError([_NO_IMAGE])
    return account


# Asked for in this order: who has no key is not told what is missing.
Sender = Annotated[str, Depends(require_image)]


@makers.post("/trinity")
async def create_trinity_face(
    account: Sender,
    simulator: CurrentSimulator,
    gs_version: Annotated[Literal["GSA_1.0"], Query(alias="gsVersion")] = "GSA_1.0",
    face_name: str = "untitled_avatar",
) -> dict[str, str]:
    return _make(simulator, account, "trinity", face_name)


@makers.post("/legacy")
async def create_legacy_face(
    account: Sender,
    simulator: CurrentSimulator,
    character_version: Annotated[Literal["1.5"], Query(alias="characterVersion")] = "1.5",
    face_name: str = "untitled_avatar",
) -> dict[str, str]:
    return _make(simulator, account, "legacy", face_name)


@makers.get("/{kind}/generation_status")
async def show_generation_status(
    kind: Kind, account: Account, simulator: CurrentSimulator, face_id: str = ""
) -> dict[str, str]:
    face = simulator.faces.find(account, kind, face_id)
    if face is None:
        raise HTTPException(404, "Face not found")
    return _progress(face)


@keepers.get("")
async def list_faces(account: ServiceAccount, simulator: CurrentSimulator) -> list[FaceResponse]:
    return [face.response() for face in simulator.faces.of(account)]


@keepers.delete("/{kind}/{face_id}", status_code=204)
async def delete_face(
    kind: Kind, face_id: str, account: ServiceAccount, simulator: CurrentSimulator
) -> None:
    face = simulator.faces.find(account, kind, face_id)
    if face is None:
        raise ServiceRefused(400, "Invalid input: there is no such face")
    simulator.faces.delete(face)


def _make(simulator: Simulator, account: str, kind: Kind, name: str) -> dict[str, str]:
    takes_s = simulator.behaviour.faces.ready_after_s
    return _progress(simulator.faces.make(account, kind, name, takes_s))


def _progress(face: Face) -> dict[str, str]:
    return {"face_id": face.id, "face_name": face.name, "status": face.status}


router = APIRouter()
router.include_router(makers)
router.include_router(keepers)
