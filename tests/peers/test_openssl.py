"""OpenSSL's own server speaks the one version it is told to."""

import ssl

import pytest

from tests.peers.certificates import Certificate, Certificates
from tests.peers.loopback import wait_until
from tests.peers.openssl import OpensslServer, TlsVersion
from tests.peers.scanner import Device


@pytest.mark.parametrize("version", list(TlsVersion))
def test_a_careless_client_gets_in(server_certificate: Certificate, certificates: Certificates, version: TlsVersion):
    """Every version works when the client allows it, so that a refusal elsewhere is the client's own doing."""
    with OpensslServer(server_certificate, version) as server, Device(server.port) as device:
        device.start_tls(certificates.careless_client_context())
        server.say(b"220 ready\r\n")
        assert device.hear().startswith(b"220 ready")
        device.say(b"EHLO me\r\n")
        wait_until(lambda: "EHLO me" in server.log_text(), 10, "the client's words in the log")


@pytest.mark.parametrize("version", [TlsVersion.TLS_1_0, TlsVersion.TLS_1_1])
def test_a_careful_client_refuses(server_certificate: Certificate, certificates: Certificates, version: TlsVersion):
    """A client that insists on TLS 1.2 does not speak with a server that has older versions only."""
    with OpensslServer(server_certificate, version) as server, Device(server.port) as device:
        with pytest.raises(ssl.SSLError):
            device.start_tls(certificates.client_context())
        wait_until(lambda: "error" in server.log_text().lower(), 10, "the failed handshake in the log")


def test_a_client_certificate_is_demanded(server_certificate: Certificate, certificates: Certificates):
    """With an authority given, a client with a certificate of it gets in and one without does not."""
    authority = certificates.authority_file
    with OpensslServer(server_certificate, TlsVersion.TLS_1_2, client_authority=authority) as server:
        with Device(server.port) as device, pytest.raises(ssl.SSLError):
            device.start_tls(certificates.client_context())
        with Device(server.port) as device:
            device.start_tls(certificates.client_context(certificates.client()))
            server.say(b"220 ready\r\n")
            assert device.hear().startswith(b"220 ready")
