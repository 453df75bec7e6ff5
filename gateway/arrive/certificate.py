"""A certificate of our own for devices.

cryptography is imported where it is used: 11 MB that a box without TLS towards its devices does not pay (measured
2026-11-25).
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

_BITS: Final = 2048
_EXPONENT: Final = 65537
_COMMON_NAME_LENGTH: Final = 64  # ub-common-name, RFC 5280 appendix A.1
_BEGINS: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Devices whose clock was never set believe that it is that year, or 1970."""
_ENDS: Final = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The last second that every device can read: later ones are written another way (RFC 5280 section 4.1.2.5)."""


def make(name: str, addresses: Sequence[str]) -> bytes:
    """Return a new RSA-2048 key and its certificate for this name and these IP addresses, as PEM.

    RSA, because old stacks know nothing else. It signs itself and says that it may: a device can be told to trust it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = rsa.generate_private_key(_EXPONENT, _BITS)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:_COMMON_NAME_LENGTH])])
    names: list[x509.GeneralName] = [x509.DNSName(name)] if name.isascii() else []
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    usage = x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,  # RSA key exchange, the way of old devices
        key_cert_sign=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_BEGINS)
        .not_valid_after(_ENDS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def names(pem: bytes) -> tuple[str, ...]:
    """Return the common name and the DNS names of the first certificate in a PEM file. Raises ValueError, as above."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    certificate = x509.load_pem_x509_certificate(pem)
    common = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return tuple(common)
    return tuple(dict.fromkeys([*common, *found.get_values_for_type(x509.DNSName)]))
