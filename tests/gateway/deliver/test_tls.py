"""The upstream's TLS context, before any connection."""

import ssl
from pathlib import Path

import pytest

from gateway.deliver.tls import CertificateError, upstream_context
from tests.peers.certificates import Certificates


def test_a_context_verifies_and_wants_tls_1_2(certificates: Certificates):
    """With the system's authorities or our own, certificate and name are checked and 1.2 is the oldest version."""
    for authority in (None, certificates.authority_file):
        context = upstream_context(authority, None)
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_ca_file_is_trusted_alone(certificates: Certificates):
    """With ca_file no authority of the system is trusted any more."""
    (only,) = upstream_context(certificates.authority_file, None).get_ca_certs()
    assert "scangate tests" in str(only["subject"])


def test_contexts_are_never_shared(certificates: Certificates):
    """Each upstream has a context of its own."""
    first, second = (upstream_context(certificates.authority_file, None) for _ in range(2))
    assert first is not second


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\x00\xff"])
def test_an_unusable_ca_file_is_named(tmp_path: Path, content: bytes | None):
    """A ca_file that is missing or holds no authority is named with its key."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CertificateError, match=rf"^ca_file: {path} "):
        upstream_context(path, None)


def test_a_certificate_and_key_that_do_not_match_are_named(certificates: Certificates):
    """A connector's certificate with another's key is refused by a sentence with both keys and files."""
    one, other = certificates.client(), certificates.client()
    with pytest.raises(CertificateError, match=r"^certificate_file, key_file: .* do not go together") as caught:
        upstream_context(None, (one.chain, other.key))
    assert str(one.chain) in str(caught.value)
    assert str(other.key) in str(caught.value)


def test_an_encrypted_key_asks_nobody(certificates: Certificates, tmp_path: Path):
    """A key with a passphrase is refused at once: a box has nobody at a keyboard."""
    from cryptography.hazmat.primitives import serialization as form

    shown = certificates.client()
    key = form.load_pem_private_key(shown.key.read_bytes(), None)
    locked = tmp_path / "locked.pem"
    passphrase = form.BestAvailableEncryption(b"secret")
    locked.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, passphrase))
    with pytest.raises(CertificateError, match="passphrase"):
        upstream_context(None, (shown.chain, locked))
