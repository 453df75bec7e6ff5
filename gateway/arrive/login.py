"""What a device says to log in (RFC 4954), and whether it is right.

Read loosely: base64 without padding or with spaces in it, a user name in capitals, a password in Latin-1.
"""

import base64
import binascii
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from conf.smtp import Smtp

MECHANISMS: Final = ("LOGIN", "PLAIN", "CRAM-MD5")
"""What a device may log in by. LOGIN was never a standard, and is what nearly all of them speak."""

_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Password:
    """A user name with its password, as bytes: nobody says which alphabet a panel writes."""

    user: bytes
    password: bytes


@dataclass(frozen=True, slots=True)
class Digest:
    """The answer to a challenge of CRAM-MD5 (RFC 2195): a user name, and the digest in hexadecimal."""

    user: bytes
    challenge: bytes
    digest: bytes


def decoded(text: bytes) -> bytes | None:
    """Return what base64 holds, None when it is none. A lone ``=`` is the empty answer (RFC 4954 section 4)."""
    plain = b"".join(text.split()).rstrip(b"=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % _GROUP), validate=True)
    except binascii.Error:
        return None


def plain_of(answer: bytes) -> Password | None:
    """Return what PLAIN says (RFC 4616): ``authorised NUL user NUL password``, the first part perhaps left out."""
    *_, user, password = [b"", *answer.split(b"\0")]
    return Password(user, password) if answer.count(b"\0") in {1, 2} else None


def digest_of(challenge: bytes, answer: bytes) -> Digest | None:
    """Return what CRAM-MD5 says: the user name, a space, and the digest."""
    user, space, digest = answer.rpartition(b" ")
    return Digest(user, challenge, digest.lower()) if space else None


def fault_of(rule: Smtp, given: Password | Digest) -> str:
    """Return what is wrong about a login, for the log; empty when it is right. Never holds what was given.

    The comparisons take as long for a wrong answer as for the right one.
    """
    if rule.login == "any":
        return ""
    if rule.user is None or rule.password is None:
        return "no password is set here"
    is_user = hmac.compare_digest(given.user.lower(), rule.user.lower().encode())
    is_secret = [_is_secret(secret, given) for secret in _spellings(rule.password.get_secret_value())]
    if not is_user:
        return "the user name is not that of the listener"
    return "" if any(is_secret) else "the password is wrong"


def _is_secret(secret: bytes, given: Password | Digest) -> bool:
    match given:
        case Password(_, password):
            return hmac.compare_digest(password, secret)
        case Digest(_, challenge, digest):
            return hmac.compare_digest(digest, hmac.digest(secret, challenge, "md5").hex().encode())


def _spellings(password: str) -> Iterator[bytes]:
    """Yield the bytes that a panel may send for a password: UTF-8, or Latin-1 where that has the letters."""
    yield password.encode()
    try:
        yield password.encode("latin-1")
    except UnicodeEncodeError:
        return
