import time
from dataclasses import replace

import httpx2
import pytest

from llm_server import SessionClaims, SessionKeys
from llm_server.errors import InvalidApiKey, PermissionDenied
from llm_server.keys import SESSION_KEY_PREFIX, Keyring, ServiceClaims, ServiceKeys
from tests.llm_server.wire import API_KEY, CHAT, SECRET, ask, error_of

SERVICE_KEYS = ServiceKeys(SECRET)


class Revoked:
    """What is revoked, at hand."""

    def __init__(self, ids: set[str]) -> None:
        self.is_revoked = ids.__contains__


@pytest.fixture
def keys() -> SessionKeys:
    return SessionKeys(SECRET)


@pytest.fixture
def keyring(keys: SessionKeys) -> Keyring:
    return Keyring([API_KEY, "another-service-key"], keys, SERVICE_KEYS)


def test_a_session_key_carries_its_claims(keys: SessionKeys, claims: SessionClaims) -> None:
    key = keys.sign(claims)

    assert keys.verify(key) == claims
    assert key.startswith(SESSION_KEY_PREFIX)


def test_an_agent_is_not_needed(keys: SessionKeys, claims: SessionClaims) -> None:
    without_agent = replace(claims, agent_id=None)

    assert keys.verify(keys.sign(without_agent)) == without_agent


def test_a_session_key_fits_into_a_header(keys: SessionKeys, claims: SessionClaims) -> None:
    key = keys.sign(replace(claims, model="modèle/日本"))

    assert key.isascii()
    assert not set(key) & set(" \r\n:,;\"'")


def test_a_forged_session_key_is_refused(claims: SessionClaims) -> None:
    forged = SessionKeys("a secret that somebody guessed").sign(claims)

    with pytest.raises(InvalidApiKey, match="not valid"):
        SessionKeys(SECRET).verify(forged)


def test_a_session_key_with_other_claims_is_refused(
    keys: SessionKeys, claims: SessionClaims
) -> None:
    payload, _, signature = keys.sign(claims).rpartition(".")
    other_payload, _, _ = keys.sign(replace(claims, model="dearer")).rpartition(".")
    assert payload != other_payload

    with pytest.raises(InvalidApiKey):
        keys.verify(f"{other_payload}.{signature}")


def test_a_session_key_damaged_anywhere_is_refused(
    keys: SessionKeys, claims: SessionClaims
) -> None:
    key = keys.sign(claims)

    for place in range(len(SESSION_KEY_PREFIX), len(key) - 1):
        damaged = key[:place] + "~" + key[place + 1 :]
        with pytest.raises(InvalidApiKey):
            keys.verify(damaged)


@pytest.mark.parametrize("key", ["", ".", "sk-session-", "sk-session-.", "sk-session-é.é"])
def test_what_is_no_session_key_is_refused(keys: SessionKeys, key: str) -> None:
    with pytest.raises(InvalidApiKey):
        keys.verify(key)


def test_an_expired_session_key_is_refused(keys: SessionKeys, claims: SessionClaims) -> None:
    expired = replace(claims, expires_at=int(time.time()) - 1)

    with pytest.raises(InvalidApiKey, match="expired"):
        keys.verify(keys.sign(expired))


def test_a_previous_secret_still_verifies(claims: SessionClaims) -> None:
    key = SessionKeys("the old secret").sign(claims)

    keys = SessionKeys("the new secret", previous=["an older secret", "the old secret"])

    assert keys.verify(key) == claims


def test_a_previous_secret_signs_no_more(claims: SessionClaims) -> None:
    key = SessionKeys("the new secret", previous=["the old secret"]).sign(claims)

    with pytest.raises(InvalidApiKey):
        SessionKeys("the old secret").verify(key)
    assert SessionKeys("the new secret").verify(key) == claims


@pytest.mark.parametrize("key", [API_KEY, "another-service-key"])
def test_every_service_key_opens(keyring: Keyring, key: str) -> None:
    assert keyring.identify(f"Bearer {key}").session is None


def test_a_configured_key_is_counted_by_its_place(keyring: Keyring) -> None:
    assert keyring.identify("Bearer another-service-key").key_id == "config-1"


@pytest.mark.parametrize("authorization", [f"bearer {API_KEY}", f"BEARER   {API_KEY} "])
def test_the_header_is_read_generously(keyring: Keyring, authorization: str) -> None:
    assert keyring.identify(authorization).key_id == "config-0"


def test_a_session_key_tells_its_session(
    keyring: Keyring, claims: SessionClaims, session_key: str
) -> None:
    caller = keyring.identify(f"Bearer {session_key}")

    assert caller.session == claims
    assert caller.key_id == str(claims.session_id)


def test_a_session_may_not_look_at_the_metrics(keyring: Keyring, session_key: str) -> None:
    caller = keyring.identify(f"Bearer {session_key}")

    caller.require("chat")
    with pytest.raises(PermissionDenied):
        caller.require("metrics")


def test_a_signed_service_key_tells_its_owner_and_what_it_is_for(keyring: Keyring) -> None:
    key = SERVICE_KEYS.sign(ServiceClaims(key_id="pipecat", scopes=frozenset({"chat"})))

    caller = keyring.identify(f"Bearer {key}")

    assert (caller.session, caller.key_id) == (None, "pipecat")
    caller.require("chat")
    with pytest.raises(PermissionDenied, match="not for 'models'"):
        caller.require("models")


def test_a_service_key_is_no_session_key(keyring: Keyring, session_key: str) -> None:
    key = session_key.replace("sk-session-", "sk-service-")

    with pytest.raises(InvalidApiKey):
        keyring.identify(f"Bearer {key}")


def test_a_service_key_expires(keyring: Keyring) -> None:
    claims = ServiceClaims(key_id="a", scopes=frozenset({"chat"}), expires_at=int(time.time()) - 1)

    with pytest.raises(InvalidApiKey, match="expired"):
        keyring.identify(f"Bearer {SERVICE_KEYS.sign(claims)}")


def test_a_configured_key_may_begin_like_a_signed_one(keys: SessionKeys) -> None:
    keyring = Keyring(["sk-service-mine"], keys, SERVICE_KEYS)

    assert keyring.identify("Bearer sk-service-mine").key_id == "config-0"


def test_a_revoked_key_opens_no_more(claims: SessionClaims, keys: SessionKeys) -> None:
    revoked: set[str] = set()
    keyring = Keyring([], keys, SERVICE_KEYS, Revoked(revoked))
    service = SERVICE_KEYS.sign(ServiceClaims(key_id="a", scopes=frozenset({"chat"})))
    headers = [f"Bearer {keys.sign(claims)}", f"Bearer {service}"]
    assert all(keyring.identify(header) for header in headers)

    revoked |= {str(claims.session_id), "a"}

    for header in headers:
        with pytest.raises(InvalidApiKey, match="revoked"):
            keyring.identify(header)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", API_KEY, f"Basic {API_KEY}", "Bearer wrong", "Bearer \xff"],
)
def test_everything_else_is_refused(keyring: Keyring, authorization: str | None) -> None:
    with pytest.raises(InvalidApiKey):
        keyring.identify(authorization)


def test_without_a_secret_no_session_key_opens(session_key: str) -> None:
    with pytest.raises(InvalidApiKey):
        Keyring([API_KEY], None).identify(f"Bearer {session_key}")


def test_without_keys_nothing_opens() -> None:
    with pytest.raises(InvalidApiKey):
        Keyring([], None).identify("Bearer anything")


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong-key"}])
async def test_a_caller_without_a_valid_key_is_401(url: str, headers: dict[str, str]) -> None:
    async with httpx2.AsyncClient(base_url=url) as anyone:
        response = await anyone.post(CHAT, json=ask(), headers=headers)

    error = error_of(response)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")
    assert "wrong-key" not in error["message"]
