"""What a device is answered to each command but DATA, STARTTLS and QUIT: replies, each with its enhanced status code.

``server`` is the session, as in ``hooks.py``: its ``rule``, its ``envelope``, and whether TLS and a login are there.
"""

import base64
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from conf.makers import PROFILES
from conf.model import Smtp
from gateway.arrive.commands import Command, declared_size, path_of
from gateway.arrive.login import MECHANISMS, Digest, Password, decoded, digest_of, fault_of, plain_of

Ask = Callable[[bytes], Awaitable[bytes | None]]

TOO_LONG: Final = "500 5.5.2 The line is too long"
"""To a line over the limit, which was read to its end."""

_FIXED: Final = {
    "NOOP": "250 2.0.0 Ok",
    "HELP": "214 2.0.0 scangate takes scans from the devices in clients; see OPERATIONS.md",
    "VRFY": "252 2.1.5 Send the mail, then it will show",
    "EXPN": "502 5.5.1 There are no lists here",
}
_NO_LOGIN: Final = '503 5.5.1 No login is wanted here; for a device that insists on one set login = "any"'
_CANCELLED: Final = "501 5.7.0 Login cancelled"
_NOT_BASE64: Final = "501 5.5.2 That is not base64"


async def answer(server: Any, command: Command) -> list[str]:
    """Return the lines of the reply to a command."""
    match command.verb:
        case "EHLO":
            server.forget_mail()
            return greeting(server.rule, server.hostname, is_tls=server.is_tls)
        case "HELO":
            server.forget_mail()
            reply = f"250 {server.hostname}"
        case "AUTH":
            reply = await _log_in(server, command.argument)
        case "MAIL":
            reply = await _mail(server, command.argument)
        case "RCPT":
            reply = await _rcpt(server, command.argument)
        case "RSET":
            server.forget_mail()
            reply = "250 2.0.0 Ok"
        case verb:
            reply = _FIXED.get(verb, "500 5.5.2 That is no command")
    return [reply]


def greeting(rule: Smtp, name: str, *, is_tls: bool) -> list[str]:
    """Return the reply to EHLO: what this listener has, as far as the device's profile is to see it.

    ``AUTH=`` is how servers wrote it before RFC 2554, and what devices of that time look for.
    """
    profile = PROFILES[rule.profile]
    features = [f"SIZE {rule.message_limit}", "8BITMIME", "PIPELINING", "ENHANCEDSTATUSCODES"]
    if rule.tls == "starttls" and profile.shows_tls and not is_tls:
        features.append("STARTTLS")
    if rule.login != "off" and profile.shows_login:
        shown = " ".join(one for one in MECHANISMS if one in profile.mechanisms)
        features += [f"AUTH {shown}", f"AUTH={shown}"]
    return [f"250-{name}", *(f"250-{feature}" for feature in features), "250 HELP"]


async def _mail(server: Any, argument: str) -> str:
    if server.rule.login == "required" and not server.is_logged_in:
        reply = "530 5.7.0 Log in first: give the device the user and password of this listener"
        server.refused(reply)
        return reply
    if server.envelope.mail_from:
        return "503 5.5.1 A mail is begun already"
    path = path_of(argument, "FROM")
    if path is None:
        return "501 5.5.4 Write MAIL FROM:<address>"
    if declared_size(path.parameters) > server.rule.message_limit:
        return f"552 5.3.4 Larger than message_limit of [[smtp]] {server.rule.name}"
    return str(await server.ask_policy("MAIL", path.address, list(path.parameters)))


async def _rcpt(server: Any, argument: str) -> str:
    if not server.envelope.mail_from:
        return "503 5.5.1 MAIL comes first"
    path = path_of(argument, "TO")
    if path is None:
        return "501 5.5.4 Write RCPT TO:<address>, one address at a time"
    return str(await server.ask_policy("RCPT", path.address, list(path.parameters)))


async def _log_in(server: Any, argument: str) -> str:
    """Answer AUTH, before or after HELO or EHLO, and as often as a device likes: the last one counts."""
    if server.rule.login == "off":
        server.refused(_NO_LOGIN)
        return _NO_LOGIN
    mechanism, *rest = argument.split(maxsplit=1) or [""]
    initial = rest[0].encode("utf-8", "surrogateescape") if rest else None
    server.is_logged_in = False
    given = await _given(mechanism.upper(), initial, server.ask)
    match given:
        case str(reply):
            return reply
        case Password() | Digest():
            fault = fault_of(server.rule, given)
    if fault:
        reply = "535 5.7.8 User name or password is wrong"
        server.refused(f"{reply} ({fault})")
        return reply
    server.is_logged_in = True
    return "235 2.7.0 Welcome"


async def _given(mechanism: str, initial: bytes | None, ask: Ask) -> Password | Digest | str:
    """Hear the device out; return what it gave, or the reply that ends the attempt."""
    match mechanism:
        case "LOGIN":
            # These very words: Xerox hangs up on others (smtp-oauth-relay issue 57). Konica Minolta sends the name
            # along with the command (mox issue 387).
            user = _heard(initial if initial is not None else await ask(b"Username:"))
            if isinstance(user, str):
                return user
            password = _heard(await ask(b"Password:"))
            return password if isinstance(password, str) else Password(user, password)
        case "PLAIN":
            both = _heard(initial if initial is not None else await ask(b""))
            return both if isinstance(both, str) else plain_of(both) or _NOT_BASE64
        case "CRAM-MD5":
            challenge = f"<{secrets.token_hex(8)}@scangate>".encode()
            digest = _heard(await ask(challenge))
            return digest if isinstance(digest, str) else digest_of(challenge, digest) or _NOT_BASE64
        case _:
            return f"504 5.5.4 Log in by one of {', '.join(MECHANISMS)}"


def _heard(said: bytes | None) -> bytes | str:
    """Return what an answer holds, or the reply to one that holds nothing."""
    if said is None:
        return TOO_LONG
    if said.strip() == b"*":
        return _CANCELLED
    held = decoded(said)
    return _NOT_BASE64 if held is None else held


def challenge_line(challenge: bytes) -> str:
    """Return the line that asks for an answer; the space stays when there is nothing to say (RFC 4954 section 4)."""
    return f"334 {base64.b64encode(challenge).decode('ascii')}"
