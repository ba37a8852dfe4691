from collections.abc import AsyncIterator

import httpx
import pytest

from tests.agents_admin.simulator.stage import Onlooker, behave, simulate, visitor

IMAGE = {"image": ("me.png", b"\x89PNG", "image/png")}
OTHERS = {"x-simli-api-key": "another-key"}


@pytest.fixture
async def simli(onlooker: Onlooker) -> AsyncIterator[httpx.AsyncClient]:
    async with simulate(visitor("Hello?"), onlooker) as client:
        yield client


@pytest.mark.parametrize(("kind", "version"), [("trinity", 2), ("legacy", 1)])
async def test_a_face_is_made_listed_and_deleted(
    simli: httpx.AsyncClient, kind: str, version: int
) -> None:
    made = await simli.post(f"/faces/{kind}", files=IMAGE, params={"face_name": "Maya"})
    face_id = made.json()["face_id"]
    status = await simli.get(f"/faces/{kind}/generation_status", params={"face_id": face_id})
    [listed] = (await simli.get("/faces")).json()
    deleted = await simli.delete(f"/faces/{kind}/{face_id}")

    assert made.json()["face_name"] == "Maya"
    assert status.json()["status"] == "completed"
    assert (listed["id"], listed["simli_version"]) == (face_id, version)
    assert deleted.status_code == 204
    assert (await simli.get("/faces")).json() == []


async def test_a_face_may_take_a_while(onlooker: Onlooker) -> None:
    slow = behave(faces={"ready_after_s": 60})

    async with simulate(visitor("Hello?"), onlooker, behaviour=slow) as simli:
        made = await simli.post("/faces/trinity", files=IMAGE)

    assert made.json()["status"] == "processing"


@pytest.mark.parametrize(
    ("options", "loc"),
    [
        ({"files": {"picture": b"x"}}, ["body", "image"]),
        ({"json": {"image": "x"}}, ["body", "image"]),
        ({"files": IMAGE, "params": {"gsVersion": "GSA_9"}}, ["query", "gsVersion"]),
    ],
)
async def test_a_face_needs_an_image_and_a_known_version(
    simli: httpx.AsyncClient, options: dict[str, object], loc: list[str]
) -> None:
    response = await simli.request("POST", "/faces/trinity", **options)  # type: ignore[arg-type]

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == loc


async def test_the_faces_of_others_are_not_there(simli: httpx.AsyncClient) -> None:
    face_id = (await simli.post("/faces/trinity", files=IMAGE)).json()["face_id"]

    status = await simli.get(
        "/faces/trinity/generation_status", params={"face_id": face_id}, headers=OTHERS
    )
    listed = await simli.get("/faces", headers=OTHERS)
    deleted = await simli.delete(f"/faces/trinity/{face_id}", headers=OTHERS)

    assert (status.status_code, status.json()) == (404, {"detail": "Face not found"})
    assert listed.json() == []
    assert (deleted.status_code, deleted.json().keys()) == (400, {"error"})


async def test_a_face_of_another_kind_is_not_deleted(simli: httpx.AsyncClient) -> None:
    face_id = (await simli.post("/faces/trinity", files=IMAGE)).json()["face_id"]

    response = await simli.delete(f"/faces/legacy/{face_id}")

    assert response.status_code == 400
    assert len((await simli.get("/faces")).json()) == 1


@pytest.mark.parametrize(
    ("method", "path", "family"), [("POST", "/faces/trinity", "detail"), ("GET", "/faces", "error")]
)
async def test_faces_need_a_key_each_call_in_its_own_words(
    simli: httpx.AsyncClient, method: str, path: str, family: str
) -> None:
    response = await simli.request(method, path, headers={"x-simli-api-key": ""})

    assert (response.status_code, response.json()) == (401, {family: "Invalid API key"})
