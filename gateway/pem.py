"""When a certificate in a PEM file ends: devices' and upstreams' alike."""

from datetime import datetime


def ends_at(pem: bytes) -> datetime:
    """Return when the first certificate in a PEM file ends. Raises ValueError when there is none that can be read.

    cryptography is imported here and not before: 11 MB that a box without certificates does not pay (2026-11-25).
    """
    from cryptography import x509

    return x509.load_pem_x509_certificate(pem).not_valid_after_utc
