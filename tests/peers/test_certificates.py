"""The certificates are what they say they are to a careful client."""

import socket
import ssl
import threading

import pytest

from tests.peers.certificates import Certificate, Certificates


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> dict[str, object]:
    """What the client learns of the server's certificate; its error when it refuses."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with client.wrap_socket(ours, server_hostname=name) as line:
            return dict(line.getpeercert() or {})
    finally:
        ours.close()
        serving.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "smtp.office365.com"])
def test_a_good_certificate_is_trusted(certificates: Certificates, name: str):
    """A server certificate is good for the names and addresses it was issued for."""
    shown = certificates.server("localhost", "127.0.0.1", "smtp.office365.com")
    assert _handshake(shown.server_context(), certificates.client_context(), name)


def _bad(kind: str, certificates: Certificates) -> Certificate:
    match kind:
        case "expired":
            return certificates.expired()
        case "unknown authority":
            return certificates.of_unknown_authority()
        case _:
            return certificates.server("other.example.org")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("expired", "certificate has expired"),
        ("unknown authority", "unable to get local issuer certificate|self-signed certificate"),
        ("other name", "Hostname mismatch"),
    ],
)
def test_a_bad_certificate_is_refused_for_its_own_reason(certificates: Certificates, kind: str, reason: str):
    """Each bad certificate has exactly one fault, which the client names."""
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        _handshake(_bad(kind, certificates).server_context(), certificates.client_context(), "localhost")


def test_a_client_certificate_passes(certificates: Certificates):
    """A server that demands one takes the client certificate, and its files hold what their names say."""
    shown = certificates.client("gateway.contoso.com")
    server = certificates.server().server_context()
    server.load_verify_locations(certificates.authority_file)
    server.verify_mode = ssl.CERT_REQUIRED
    assert _handshake(server, certificates.client_context(shown), "localhost")
    assert b"PRIVATE KEY" in shown.key.read_bytes()
    assert b"PRIVATE KEY" not in shown.chain.read_bytes()
    assert shown.both.read_bytes().count(b"BEGIN") == 1 + shown.chain.read_bytes().count(b"BEGIN")
    assert shown.key.stat().st_mode & 0o077 == 0
