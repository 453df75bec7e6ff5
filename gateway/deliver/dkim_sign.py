"""The DKIM signature of a message (RFC 6376), put before its file at transfer. The only user of dkimpy.

Exchange signs nothing that comes by Direct Send, and a box without a fixed public IP has no other way to pass DMARC.
dkimpy's own ``sign`` wants the message in memory, several times over: here it is given the headers alone, and the
body's hash, made by reading the file once. It is imported where it is used, 8 MB that other boxes do not pay
(measured 2026-11-25).
"""

import base64
import binascii
import hashlib
import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from conf.carry import domain_of
from conf.model import Config, DirectSend, Relay
from gateway.deliver.tls import CertificateError

_SIGNED: Final = ("from", "reply-to", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type")
_LEAST_BITS: Final = 1024  # RFC 8301 section 3.2: verifiers take no shorter key
_GOOD_BITS: Final = 2048
_BLOCK_BYTES: Final = 1 << 16
_HEADER_BYTES: Final = 1 << 20
_PEM: Final = re.compile(rb"-----BEGIN (?P<what>[A-Z ]*PRIVATE KEY)-----\s(?P<base64>.*?)-----END", re.DOTALL)
_ED25519: Final = bytes.fromhex("302e020100300506032b657004220420")
"""What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410 section 10.3)."""


@dataclass(frozen=True, slots=True)
class Key:
    """A private key as dkimpy takes it; ``bits`` of an Ed25519 key are 256."""

    algorithm: bytes
    bits: int
    private: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the key, and where its public half stands in DNS (``SELECTOR._domainkey.DOMAIN``)."""

    selector: str
    domain: str
    key: Key

    def sign(self, message: Path) -> bytes:
        """Return the header of a message's signature, with its line end: the same bytes for the same message.

        Without a time of signing (t=): a mail that is sent again must be the same. Raises OSError when the file cannot
        be read. Blocks: call it in a thread.
        """
        import dkim

        with message.open("rb", buffering=0) as file:
            start = b""
            while b"\r\n\r\n" not in start and len(start) < _HEADER_BYTES and (block := file.read(_BLOCK_BYTES)):
                start += block
            head, _, body = start.partition(b"\r\n\r\n")
            digest = body_digest(_blocks(body, file))
        work = dkim.DKIM(head + b"\r\n\r\n", signature_algorithm=self.key.algorithm)
        work.hasher = hashlib.sha256
        there = {name.lower().decode("ascii") for name, _ in work.headers}
        # From once more than it is there: whoever adds another breaks the signature (RFC 6376 section 8.15).
        names = [name.encode("ascii") for name in (*_SIGNED, "from") if name in there or name == "from"]
        fields = [
            (b"v", b"1"),
            (b"a", self.key.algorithm),
            (b"c", b"relaxed/simple"),
            (b"d", self.domain.encode("ascii")),
            (b"s", self.selector.encode("ascii")),
            (b"h", b" : ".join(names)),
            (b"bh", base64.b64encode(digest)),
            (b"b", b"0" * 60),
        ]
        policy = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/simple")
        value: bytes = work.gen_header(fields, names, policy, b"DKIM-Signature", self.key.private)
        return b"DKIM-Signature: " + value.rstrip(b"\r\n") + b"\r\n"


def _blocks(first: bytes, file: Any) -> Iterable[bytes]:
    yield first
    while block := file.read(_BLOCK_BYTES):
        yield block


def body_digest(blocks: Iterable[bytes]) -> bytes:
    """Return the SHA-256 of a body in simple canonicalization: all empty lines at its end are one line end.

    RFC 6376 section 3.4.3. Holds a block at a time: empty lines that may be the last are only counted.
    """
    hashed, empty, half = hashlib.sha256(), 0, b""
    for block in blocks:
        text = half + block
        half = b"\r" if text.endswith(b"\r") else b""
        text = text.removesuffix(b"\r")
        end = len(text)
        while text.endswith(b"\r\n", 0, end):
            end -= 2
        if end:
            _line_ends(hashed, empty)
            hashed.update(text[:end])
            empty = 0
        empty += (len(text) - end) // 2
    if half:
        _line_ends(hashed, empty)
        hashed.update(half)
    hashed.update(b"\r\n")
    return hashed.digest()


def _line_ends(hashed: Any, count: int) -> None:
    while count > 0:
        hashed.update(b"\r\n" * min(count, _BLOCK_BYTES))
        count -= _BLOCK_BYTES


def read_key(path: Path) -> Key:
    """Return the key in a PEM file: RSA (PKCS #1 or #8) or Ed25519 (PKCS #8). Raises CertificateError naming it."""
    if importlib.util.find_spec("dkim") is None:
        raise CertificateError('dkim_key_file: signing needs the extra "dkim": install scangate[dkim]')
    try:
        found = _PEM.search(path.read_bytes())
    except OSError as error:
        raise CertificateError(f"dkim_key_file: {path} cannot be read ({error.strerror})") from error
    if found is None:
        raise CertificateError(f"dkim_key_file: {path} holds no private key in PEM form")
    if b"ENCRYPTED" in found["what"] or b"Proc-Type" in found["base64"]:
        raise CertificateError(f"dkim_key_file: {path} needs a passphrase: store the key without one")
    key = _key(found["base64"])
    if key is None:
        raise CertificateError(f"dkim_key_file: {path} holds a key that is neither RSA nor Ed25519, or a damaged one")
    if key.algorithm == b"rsa-sha256" and key.bits < _LEAST_BITS:
        raise CertificateError(
            f"dkim_key_file: {path} holds a key of {key.bits} bits, which nobody accepts: make one of {_GOOD_BITS}"
        )
    return key


def _key(written: bytes) -> Key | None:
    import dkim.crypto
    import nacl.signing

    try:
        der = base64.b64decode(b"".join(written.split()), validate=True)
        if der.startswith(_ED25519) and len(der) == len(_ED25519) + 32:
            return Key(b"ed25519-sha256", 256, nacl.signing.SigningKey(der[len(_ED25519) :]))
        private = dkim.crypto.parse_private_key(der)
    except (binascii.Error, dkim.crypto.UnparsableKeyError, AssertionError, IndexError):
        return None
    return Key(b"rsa-sha256", private["modulus"].bit_length(), private)


def signer_of(upstream: DirectSend | Relay, config: Config) -> Signer | None:
    """Return who signs what goes by this upstream; None when nobody does. Raises CertificateError."""
    if upstream.dkim_key_file is None or upstream.dkim_selector is None:
        return None
    domain = upstream.dkim_domain or domain_of(config.sender.address)
    return Signer(upstream.dkim_selector, domain, read_key(upstream.dkim_key_file))


def faults(config: Config) -> list[str]:
    """Return a sentence for each signing key that cannot be used. Changes nothing."""
    return [found for found, is_fault in _looked_at(config) if is_fault]


def warnings(config: Config) -> list[str]:
    """Return a sentence for each signing key that is shorter than it should be."""
    return [found for found, is_fault in _looked_at(config) if not is_fault]


def _looked_at(config: Config) -> Iterable[tuple[str, bool]]:
    for upstream in config.upstream:
        if not isinstance(upstream, DirectSend | Relay):
            continue
        try:
            signer = signer_of(upstream, config)
        except CertificateError as error:
            yield f'[[upstream]] "{upstream.name}": {error}', True
            continue
        if signer is not None and signer.key.algorithm == b"rsa-sha256" and signer.key.bits < _GOOD_BITS:
            what = f"holds a key of {signer.key.bits} bits, which can be broken: make one of {_GOOD_BITS}"
            yield f'[[upstream]] "{upstream.name}": dkim_key_file: {upstream.dkim_key_file} {what}', False
