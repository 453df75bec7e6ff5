"""The TXT record that tells the world the public half of a DKIM key. For the command line: the service needs none."""

import base64


def dkim_record(key: bytes) -> str:
    """Return the value of the TXT record at ``SELECTOR._domainkey.DOMAIN`` for a private key in PEM (RFC 6376 3.6.1).

    Ed25519 keys stand as their 32 bytes (RFC 8463 section 4). Raises ValueError for what is no key of the two kinds.
    """
    # Loads 7 MB, which only a command pays (measured 2026-11-25).
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    try:
        private = load_pem_private_key(key, password=None)
    except (TypeError, UnsupportedAlgorithm) as error:  # TypeError: it needs a passphrase
        raise ValueError(str(error)) from error
    public = private.public_key()
    match public:
        case rsa.RSAPublicKey():
            kind, shown = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        case ed25519.Ed25519PublicKey():
            kind, shown = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        case _:
            raise ValueError("the key is neither RSA nor Ed25519")
    return f"v=DKIM1; k={kind}; p={base64.b64encode(shown).decode('ascii')}"
