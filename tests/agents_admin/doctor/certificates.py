"""Certificates of an authority that only a test trusts, and a TLS server in front of another."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import anyio
from anyio.abc import ByteStream, SocketStream
from anyio.streams.tls import TLSListener
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Certified = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def certify(by: Certified | None = None, days: float = 90, address: str = "127.0.0.1") -> Certified:
    """A certificate for an address, valid for so many more days; by nobody, it is self-signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test {address} {by is None}")])
    issuer, signing = (by[0].subject, by[1]) if by else (name, key)
    certificate = (
        x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False
        )
        .sign(signing, hashes.SHA256())
    )
    return certificate, key


def trusting(authority: Certified) -> ssl.SSLContext:
    pem = authority[0].public_bytes(serialization.Encoding.PEM).decode()
    return ssl.create_default_context(cadata=pem)


@asynccontextmanager
async def tls_in_front_of(url: str, certified: Certified, folder: Path) -> AsyncIterator[str]:
    """The same server by https; gives its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_write(certified, folder))
    host, _, its_port = url.removeprefix("http://").partition(":")

    async def relay(stream: ByteStream) -> None:
        async with stream, await anyio.connect_tcp(host, int(its_port)) as behind:
            await _pipe(stream, behind)

    plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = plain.extra(anyio.abc.SocketAttribute.local_port)
    listener = TLSListener(plain, context, standard_compatible=False)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, relay)
        yield f"https://127.0.0.1:{port}"
        tasks.cancel_scope.cancel()


async def _pipe(here: ByteStream, there: SocketStream) -> None:
    async def pass_on(source: ByteStream, to: ByteStream) -> None:
        try:
            async for data in source:
                await to.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pass_on, here, there)
        tasks.start_soon(pass_on, there, here)


def _write(certified: Certified, folder: Path) -> Path:
    certificate, key = certified
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
