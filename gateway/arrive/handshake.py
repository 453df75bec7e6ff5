"""What goes wrong where TLS should begin between a device and the box, in words with a mend.

The reasons are those of OpenSSL 3 (``openssl errstr``; seen with 3.0.19, 2026-11-25).
"""

from typing import Final

_RECORD: Final = b"\x16\x03"  # a handshake record of SSL 3.0 and every TLS (RFC 8446 section 5.1)
_LONG: Final = b"\x80"
_OLD_HELLO: Final = b"\x01"
_OLD_VERSIONS: Final = (b"\x00\x02", b"\x03")
_PLAIN: Final = frozenset({"HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL"})
_OLD: Final = frozenset(
    {
        "BAD_PROTOCOL_VERSION_NUMBER",
        "INAPPROPRIATE_FALLBACK",
        "INTERNAL_ERROR",  # nothing that both know, below the security level
        "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED",
        "NO_PROTOCOLS_AVAILABLE",
        "NO_SHARED_CIPHER",
        "NO_SHARED_SIGNATURE_ALGORITHMS",
        "NO_SUITABLE_SIGNATURE_ALGORITHM",
        "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSUPPORTED_PROTOCOL",
        "VERSION_TOO_LOW",
    }
)
_UNTRUSTED: Final = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED", "DECRYPT_ERROR")

HELLO_ON_PLAIN: Final = (
    "the device began with TLS where plain text is spoken: turn SSL/TLS off at its panel, choose STARTTLS there, "
    'or give it an [[smtp]] with tls = "implicit" (port 465)'
)
"""A ClientHello where a command was due."""

SILENT: Final = (
    "no TLS handshake came in time; if the device waits for plain text, turn SSL/TLS on at its panel, "
    'or give it an [[smtp]] with tls = "off"'
)
"""The time for the handshake is over."""

GONE: Final = "the device hung up within the TLS handshake; turn the check of certificates off at its panel"
"""It closed the connection without a word."""


DISTRUSTED: Final = (
    "the device does not trust the certificate: turn its check off at the panel, or set certificate_file and "
    "key_file to one that it trusts"
)
"""In TLS 1.3 it says so when the handshake is over on our side."""


def is_client_hello(data: bytes) -> bool:
    """Tell whether a connection begins with TLS: a handshake record, or the older hello that SSLv2 had.

    No command begins so. The old form (RFC 5246 appendix E.2): two bytes of length with the high bit set, 1, version.
    """
    is_old_hello = data[:1] >= _LONG and data[2:3] == _OLD_HELLO and data[3:].startswith(_OLD_VERSIONS)
    return data.startswith(_RECORD) or is_old_hello


def is_distrust(reason: str) -> bool:
    """Tell whether OpenSSL's reason is the device's word that it refuses our certificate."""
    return reason.endswith(_UNTRUSTED)


def failure(reason: str, *, is_legacy: bool) -> str:
    """Return why a handshake failed and what to do, from OpenSSL's reason (``ssl.SSLError.reason``)."""
    if reason in _PLAIN:
        return (
            "the device spoke plain text where TLS was due: turn SSL/TLS on at its panel, or give it an [[smtp]] "
            'with tls = "off"'
        )
    if reason in _OLD and is_legacy:
        return (
            "the device knows only SSL 3.0 or ciphers that nobody has any more: turn SSL/TLS off at its panel, and "
            'give it an [[smtp]] with tls = "off"'
        )
    if reason in _OLD:
        return (
            "the device knows only old TLS versions or ciphers: set legacy_tls = true, or turn SSL/TLS off at its panel"
        )
    if is_distrust(reason):
        return DISTRUSTED
    return f"the TLS handshake failed ({reason.lower().replace('_', ' ') or 'no reason given'})"
