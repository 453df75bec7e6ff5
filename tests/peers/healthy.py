"""What a healthy Exchange Online answers: the texts, the rules of who may say what when, and the logins it reads."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

HOST: Final = "AM0PR01CA0001.outlook.office365.com"
SIZE_LIMIT_BYTES: Final = 157286400  # EHLO of smtp.office365.com, whatever the mailbox's own limit is

BANNER: Final = f"220 {HOST} Microsoft ESMTP MAIL Service ready\r\n".encode()
FEATURES: Final = (
    f"SIZE {SIZE_LIMIT_BYTES}",
    "PIPELINING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "STARTTLS",
    "AUTH LOGIN XOAUTH2",
    "8BITMIME",
    "BINARYMIME",
    "CHUNKING",
    "SMTPUTF8",
)

HELLO: Final = f"250 {HOST} Hello [127.0.0.1]\r\n".encode()
START_TLS_GO: Final = b"220 2.0.0 SMTP server ready\r\n"
LOGGED_IN: Final = b"235 2.7.0 Authentication successful\r\n"
LOGIN_REFUSED: Final = b"535 5.7.3 Authentication unsuccessful\r\n"
LOGIN_CANCELLED: Final = b"501 5.7.0 Authentication cancelled\r\n"
MECHANISM_UNKNOWN: Final = b"504 5.7.4 Unrecognized authentication type\r\n"
SENDER_OK: Final = b"250 2.1.0 Sender OK\r\n"
RECIPIENT_OK: Final = b"250 2.1.5 Recipient OK\r\n"
SEND_BODY: Final = b"354 Start mail input; end with <CRLF>.<CRLF>\r\n"
CHUNK_OK: Final = b"250 2.0.0 chunk received\r\n"
RESET_OK: Final = b"250 2.0.0 Resetting\r\n"
NOOP_OK: Final = b"250 2.0.0 OK\r\n"
BYE: Final = b"221 2.0.0 Service closing transmission channel\r\n"
UNKNOWN_COMMAND: Final = b"500 5.3.3 Unrecognized command\r\n"
OUT_OF_ORDER: Final = b"503 5.5.2 Bad sequence of commands\r\n"
NO_RECIPIENTS: Final = b"554 5.5.1 no valid recipients\r\n"
SYNTAX: Final = b"501 5.5.4 Invalid arguments\r\n"
NEEDS_TLS: Final = b"451 5.7.3 STARTTLS is required to send mail\r\n"
NEEDS_LOGIN: Final = b"530 5.7.57 Client not authenticated to send mail.\r\n"
TOO_LARGE: Final = b"552 5.3.4 Message size exceeds fixed maximum message size\r\n"

_PATH: Final = re.compile(rb"(?:MAIL FROM|RCPT TO): *<([^>]*)>(.*)", re.IGNORECASE | re.DOTALL)
_SIZE: Final = re.compile(rb"(?:^| )SIZE=(\d+)(?: |$)", re.IGNORECASE)
_XOAUTH2: Final = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", re.DOTALL)

# The challenges of each mechanism, one for each answer it needs (LOGIN asks for "Username:" and "Password:").
CHALLENGES: Final = {
    "LOGIN": (b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"),
    "PLAIN": (b"334 \r\n",),
    "XOAUTH2": (b"334 \r\n",),
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who wants in, and with what: a password, or for XOAUTH2 the access token."""

    user: str
    secret: str


@dataclass(frozen=True, slots=True)
class Address:
    """The path and the parameters of a MAIL or RCPT command, as they were sent."""

    path: str
    parameters: str

    @property
    def size_bytes(self) -> int | None:
        """What the client declares with SIZE= (RFC 1870)."""
        found = _SIZE.search(self.parameters.encode())
        return int(found.group(1)) if found else None


def ehlo(features: tuple[str, ...], *, is_tls: bool) -> bytes:
    """The reply to EHLO: AUTH is offered inside TLS only, and STARTTLS outside only, as Exchange Online does."""
    hidden = "STARTTLS" if is_tls else "AUTH"
    shown = [f"{HOST} Hello [127.0.0.1]", *(one for one in features if one.split()[0] != hidden)]
    return b"".join(f"250{' ' if one is shown[-1] else '-'}{one}\r\n".encode() for one in shown)


def queued(number: int) -> bytes:
    """The reply after the final dot; number makes the message id, so that no two replies are equal."""
    return f"250 2.6.0 <{number}@{HOST}> [InternalId={number}] Queued mail for delivery\r\n".encode()


def address(line: bytes) -> Address | None:
    """What a MAIL or RCPT line names; None when it is malformed."""
    found = _PATH.fullmatch(line)
    if found is None:
        return None
    path, parameters = (part.decode(errors="surrogateescape") for part in found.groups())
    return Address(path, parameters.strip())


def credentials(mechanism: str, answers: list[bytes]) -> Credentials | None:
    """What the client's answers say, in order and still in base64; None when they cannot be read."""
    try:
        clear = [base64.b64decode(answer, validate=True) for answer in answers]
    except binascii.Error:
        return None
    match mechanism, clear:
        case "LOGIN", [user, secret]:
            return Credentials(user.decode(errors="replace"), secret.decode(errors="replace"))
        case "PLAIN", [packed] if packed.count(b"\0") == 2:
            _authorise, user, secret = packed.split(b"\0")
            return Credentials(user.decode(errors="replace"), secret.decode(errors="replace"))
        case "XOAUTH2", [packed] if (found := _XOAUTH2.fullmatch(packed)) is not None:
            return Credentials(found.group(1).decode(errors="replace"), found.group(2).decode(errors="replace"))
        case _:
            return None


def chunk_size_bytes(line: bytes) -> int | None:
    """The size a BDAT line announces (RFC 3030 section 2); None when it is malformed."""
    words = line.upper().split()
    is_well_formed = len(words) in {2, 3} and words[1].isdigit() and words[2:] in ([], [b"LAST"])
    return int(words[1]) if is_well_formed else None


def unstuffed(raw: bytes) -> bytes:
    """A message body without the dots DATA adds (RFC 5321 section 4.5.2)."""
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n")[2:]
