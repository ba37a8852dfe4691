"""Is the connection encrypted, and with a certificate that the world trusts?"""

import ssl
import time
from ssl import SSLCertVerificationError

import anyio
from anyio.streams.tls import TLSAttribute

from agents_admin.doctor.findings import Judgement, failed, ok, warning
from agents_admin.doctor.reach import CONNECT_S
from agents_admin.doctor.visit import Visit

EXPIRES_SOON_DAYS = 14

# By OpenSSL's numbers (X509_V_ERR_… in x509_vfy.h): the problem, and its cure.
EXPIRED = ("has expired.", "Renew it; let certbot or Caddy do so by themselves.")
SELF_SIGNED = (
    "is self-signed, and Simli does not trust it.",
    "Use one of a public authority such as Let's Encrypt, or a tunnel.",
)
OTHER_NAME = (
    "is for another name.",
    "Use the name that is in the certificate, or get one for this name.",
)
BROKEN_CHAIN = (
    "has a chain that is not complete, or ends at an unknown authority.",
    "Serve the intermediate certificates too: `fullchain.pem`, not `cert.pem`.",
)
DISTRUST = {
    10: EXPIRED,
    18: SELF_SIGNED,
    19: SELF_SIGNED,
    20: BROKEN_CHAIN,
    21: BROKEN_CHAIN,
    62: OTHER_NAME,
    64: OTHER_NAME,
}


async def encryption(visit: Visit) -> Judgement:
    target = visit.target
    if not target.encrypted:
        return warning(
            "http:// is not encrypted: anybody on the way can read the key and the conversation.",
            "Use https://; a tunnel, or Caddy in front of the server, brings a certificate.",
        )
    try:
        with anyio.fail_after(CONNECT_S):
            version, not_after = await _shake_hands(visit)
    except SSLCertVerificationError as exc:
        return _distrusted(exc)
    except (OSError, TimeoutError, anyio.BrokenResourceError, anyio.EndOfStream):
        return failed(
            f"Port {target.port} does not speak TLS 1.2 or newer.",
            "Serve https there, or give Simli an http:// URL.",
        )
    return _trusted(version, not_after)


async def _shake_hands(visit: Visit) -> tuple[str, str]:
    """The version of TLS, and until when the certificate is valid."""
    stream = await anyio.connect_tcp(
        visit.addresses[0],
        visit.target.port,
        ssl_context=visit.trust,
        tls_hostname=visit.target.host,
        tls_standard_compatible=False,
    )
    async with stream:
        certificate = stream.extra(TLSAttribute.peer_certificate) or {}
        return stream.extra(TLSAttribute.tls_version), str(certificate["notAfter"])


def _distrusted(exc: SSLCertVerificationError) -> Judgement:
    other = (f"is not trusted ({exc.verify_message}).", "Get one of a public authority.")
    what, advice = DISTRUST.get(exc.verify_code, other)
    return failed(f"The certificate {what}", advice)


def _trusted(version: str, not_after: str) -> Judgement:
    days = (ssl.cert_time_to_seconds(not_after) - time.time()) / 86400
    what = f"{version}; the certificate is valid for {days:.0f} days."
    if days < EXPIRES_SOON_DAYS:
        return warning(what, "Renew it now, and see to it that this happens by itself.")
    return ok(what)
