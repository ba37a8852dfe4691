"""The tokens with which a browser starts a stored agent without knowing any key."""

import base64
import secrets
import struct
import time
from dataclasses import dataclass, field

from agents_admin.simulator.payloads import TokenRequest

_NEVER = -1


@dataclass(frozen=True, slots=True)
class Token:
    """What was said when the token was made."""

    account: str
    request: TokenRequest = field(repr=False)

    @property
    def expired(self) -> bool:
        stamp = self.request.expiry_stamp
        return stamp is not None and stamp != _NEVER and stamp <= time.time()

    def admits(self, origin: str | None, *, unlisted: bool) -> bool:
        """May a page of this origin use it? `unlisted` is the answer if nobody was listed.

        Only browsers say where they come from; whoever says nothing is no browser.
        """
        allowed = self.request.origin_allow_list
        if origin is None:
            return True
        return origin in allowed if allowed else unlisted


class Tokens:
    """Every token since the simulator was started."""

    def __init__(self) -> None:
        self._by_text: dict[str, Token] = {}

    def issue(self, token: Token) -> str:
        text = _fernet_like()
        self._by_text[text] = token
        return text

    def find(self, text: str) -> Token | None:
        return self._by_text.get(text)


def _fernet_like() -> str:
    """Simli's tokens begin with `gAAAA`, as Fernet's do: a version, the time, and no sense."""
    stamp = struct.pack(">BQ", 0x80, int(time.time()))
    return base64.urlsafe_b64encode(stamp + secrets.token_bytes(144)).decode()
