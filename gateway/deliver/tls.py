"""The upstream's TLS: 1.2 or newer, certificate and name verified, never shared with the side of the devices."""

import ssl
from pathlib import Path


class CertificateError(Exception):
    """A certificate or key file of an upstream cannot be used; the sentence names it."""


def upstream_context(ca_file: Path | None, certificate: tuple[Path, Path] | None) -> ssl.SSLContext:
    """Return the context for one upstream: the system's authorities, or only those of ``ca_file``.

    ``certificate`` is (certificate, key), both PEM, shown to a connector that knows it. The minimum is set explicitly:
    Debian's default context refuses TLS 1.0 and 1.1 only through its security level (measured with OpenSSL 3.0,
    2026-11). Raises CertificateError naming the file.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise CertificateError(f"ca_file: {ca_file} holds no certificate authority that can be read") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        certificate_file, key_file = certificate
        try:
            # Without a password of its own OpenSSL asks for one on the terminal, and the service hangs there.
            context.load_cert_chain(certificate_file, key_file, password="")
        except (OSError, ssl.SSLError) as error:
            raise CertificateError(
                f"certificate_file, key_file: {certificate_file} and {key_file} do not go together, "
                "or the key needs a passphrase: store it without one"
            ) from error
    return context
