"""One session with a smarthost: connect, EHLO, STARTTLS, AUTH; then commands and a streamed body.

The only user of aiosmtplib. Its own ``data`` keeps the whole body in memory and lets one timeout cover the upload
(measured with 5.1.3, 2026-11), so the body is written to its transport block by block, each with a limit of its own.
There is no way to plain text: a host without STARTTLS, or whose certificate does not verify, gets nothing.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import aiosmtplib

from gateway.deliver.dial import UnreachableError, dial
from gateway.deliver.upstream import PasswordLogin, Route, TokenLogin
from gateway.spool.reply import Phase, Reply

CONNECT_TIMEOUT_S: Final = 30.0
COMMAND_TIMEOUT_S: Final = 300.0  # RFC 5321 section 4.5.3.2
PROGRESS_TIMEOUT_S: Final = 180.0  # RFC 5321 section 4.5.3.2.5; per block, so a slow uplink never times out
FINAL_TIMEOUT_S: Final = 600.0  # RFC 5321 section 4.5.3.2.6
_GOODBYE_TIMEOUT_S: Final = 5.0
_BUFFER_BYTES: Final = 1 << 16
_SIZE_DIGITS: Final = 20  # RFC 1870 section 4
_BROKEN_OFF: Final = "broke off the session"
_UNANSWERED: Final = "did not answer the whole message"

_STRIPPED: Final = (
    "Check host and port; if they are right, look for a firewall or proxy that inspects SMTP (for instance Cisco's "
    "fixup or ESMTP inspection), and switch that off."
)
_OTHER_TLS: Final = "Check host and port; if they are right, look for a proxy before this host that speaks TLS itself."
_UNTRUSTED: Final = (
    "Check host and the clock of this box; if a proxy opens TLS on the way, exempt this host, or name the proxy's "
    "authority in ca_file."
)


class LostError(Exception):
    """The connection is gone, silent or unsafe; the sentence says at which step and how.

    ``advice`` is for a person, when waiting will not mend it: no STARTTLS, an old TLS version, a wrong certificate.
    """

    def __init__(self, phase: Phase, sentence: str, *, advice: str = "") -> None:
        super().__init__(sentence)
        self.phase = phase
        self.advice = advice

    @property
    def needs_person(self) -> bool:
        """Whether waiting will not mend it."""
        return bool(self.advice)


class RefusedError(Exception):
    """The smarthost answered a step before MAIL with something other than success."""

    def __init__(self, phase: Phase, reply: Reply) -> None:
        super().__init__(str(reply))
        self.phase = phase
        self.reply = reply


class Session:
    """A session that may carry mail: encrypted, verified, logged in if the route has a login."""

    def __init__(self, route: Route, client: aiosmtplib.SMTP) -> None:
        self.route = route
        self._client = client
        protocol, transport = client.protocol, client.transport
        if protocol is None or transport is None:
            raise LostError(Phase.CONNECT, f"{route.host} closed the connection")
        self._protocol = protocol
        assert isinstance(transport, asyncio.WriteTransport)
        # Kept as long as the session: a StreamWriter closes its transport when it is collected.
        # By default asyncio takes 1 MiB over TLS before it waits: more than a slow uplink moves in a progress timeout.
        transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        self._writer = asyncio.StreamWriter(transport, protocol, None, asyncio.get_running_loop())
        self._early: asyncio.Task[aiosmtplib.SMTPResponse] | None = None
        self._require_silence(Phase.CONNECT)

    @property
    def is_open(self) -> bool:
        """Tell whether the connection still stands, as far as we have heard, and its replies fit its commands."""
        return self._client.is_connected and not self._has_surplus

    @property
    def _has_surplus(self) -> bool:
        # aiosmtplib 5.1.3 keeps what came in one packet behind a reply, and would take it for the next reply.
        return bool(self._protocol._buffer)  # noqa: SLF001

    def _require_silence(self, phase: Phase) -> None:
        """Raise LostError when the host has said more than it was asked: a 250 too many must never be a receipt."""
        if self._has_surplus:
            where = f"{self.route.host}:{self.route.port}"
            raise LostError(phase, f"{where} said more than it was asked; the connection is not used further")

    @property
    def size_limit_bytes(self) -> int:
        """The largest message the host says it takes (RFC 1870); 0 when it does not say."""
        declared = self._client.esmtp_extensions.get("size", "")
        is_number = declared.isascii() and declared.isdigit() and len(declared) <= _SIZE_DIGITS
        return int(declared) if is_number else 0

    def offers(self, extension: str) -> bool:
        """Tell whether the host listed this extension after STARTTLS."""
        return self._client.supports_extension(extension)

    async def command(self, phase: Phase, line: str, timeout_s: float | None = None) -> Reply:
        """Send one command line and return its reply. Raises LostError."""
        self._require_silence(phase)
        try:
            response = await self._client.execute_command(line.encode("ascii"), timeout=timeout_s or COMMAND_TIMEOUT_S)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise LostError(phase, _sentence(self.route, phase, error)) from error
        return _reply(response)

    def begin_body(self) -> None:
        """Listen for a reply while the body is being written: a host may refuse it half way. Raises LostError."""
        self._require_silence(Phase.DATA)
        self._early = asyncio.create_task(self._protocol.read_response())

    async def write(self, block: bytes) -> bool:
        """Write a block of the body; False when the host has answered already and wants no more.

        Raises LostError when the connection is gone, or does not take this much in ``PROGRESS_TIMEOUT_S``.
        """
        assert self._early is not None
        try:
            self._writer.write(block)
            async with asyncio.timeout(PROGRESS_TIMEOUT_S):
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            self._drop_early()
            raise LostError(Phase.DATA, _sentence(self.route, Phase.DATA, error)) from error
        return not self.has_answered

    @property
    def has_answered(self) -> bool:
        """Tell whether the host has replied to the body, or hung up: ``end_body`` does not wait then."""
        return self._early is not None and self._early.done()

    async def end_body(self, phase: Phase = Phase.END) -> Reply:
        """Wait for the final reply, ten minutes at most. Raises LostError: after the dot the outcome is not known."""
        assert self._early is not None
        try:
            async with asyncio.timeout(FINAL_TIMEOUT_S):
                return _reply(await self._early)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise LostError(phase, _sentence(self.route, phase, error)) from error
        finally:
            self._drop_early()

    def _drop_early(self) -> None:
        if self._early is not None:
            self._early.cancel()
            if self._early.done() and not self._early.cancelled():
                self._early.exception()  # retrieved: nobody else will
            self._early = None

    def abort(self) -> None:
        """Close at once, without a word: what was not acknowledged was not sent."""
        self._drop_early()
        self._writer.transport.abort()
        self._client.close()

    async def close(self) -> None:
        """Say QUIT and close; a host that does not answer is left."""
        self._drop_early()
        try:
            if self._client.is_connected:
                await self._client.quit(timeout=_GOODBYE_TIMEOUT_S)
        except (aiosmtplib.SMTPException, OSError):
            pass
        finally:
            self._client.close()


async def open_session(
    route: Route, context: ssl.SSLContext, ehlo_name: str, token: Callable[[TokenLogin], Awaitable[str]]
) -> Session:
    """Return a session that may carry mail. Raises LostError and RefusedError; nothing was sent then but the login.

    ``token`` returns an access token for a token login; what it raises passes through.
    """
    try:
        reached = await dial(route.host, route.port, route.family, CONNECT_TIMEOUT_S)
    except UnreachableError as error:
        raise LostError(Phase.CONNECT, str(error)) from error
    # The host's name is what TLS verifies; aiosmtplib takes no port beside a socket.
    client = aiosmtplib.SMTP(
        hostname=route.host,
        sock=reached,
        local_hostname=ehlo_name,
        timeout=CONNECT_TIMEOUT_S,
        start_tls=False,
        tls_context=context,
    )
    try:
        await _step(route, Phase.CONNECT, client.connect())
        await _step(route, Phase.CONNECT, client.ehlo())
        _require_starttls(route, client)
        await _step(route, Phase.STARTTLS, client.starttls())
        await _step(route, Phase.STARTTLS, client.ehlo())
        await _log_in(route, client, token)
        return Session(route, client)
    except BaseException:
        client.close()
        _close_unless_used(reached)
        raise


def _close_unless_used(reached: socket.socket) -> None:
    """Close a socket that no transport has: one that has it closes it, and its number must not be given away before.

    aiosmtplib forgets a transport before it has ended: closed beneath it, the next connection was refused the number.
    """
    try:
        asyncio.get_running_loop().remove_reader(reached)
    except (RuntimeError, ValueError):  # used by a transport; closed already
        return
    reached.close()


def _require_starttls(route: Route, client: aiosmtplib.SMTP) -> None:
    if not client.supports_extension("starttls"):
        sentence = f"{route.host}:{route.port} offers no STARTTLS; scangate never sends without TLS"
        raise LostError(Phase.STARTTLS, sentence, advice=_STRIPPED)


async def _log_in(route: Route, client: aiosmtplib.SMTP, token: Callable[[TokenLogin], Awaitable[str]]) -> None:
    """Log in by the one mechanism we choose: trying a second one would double every failed login."""
    match route.login:
        case None:
            return
        case PasswordLogin(username, password):
            await _step(route, Phase.AUTH, client.auth_login(username, password))
        case TokenLogin(username):
            access_token = await token(route.login)
            await _step(route, Phase.AUTH, client.auth_xoauth2(username, access_token))


async def _step(route: Route, phase: Phase, step: Awaitable[aiosmtplib.SMTPResponse]) -> None:
    try:
        await step
    except aiosmtplib.SMTPResponseException as error:
        raise RefusedError(phase, Reply(error.code, _one_line(error.message))) from error
    except ssl.SSLCertVerificationError as error:
        sentence = f"{route.host}:{route.port} shows a certificate that is not to be trusted: {error.verify_message}"
        raise LostError(Phase.STARTTLS, sentence, advice=_UNTRUSTED) from error
    except ssl.SSLError as error:
        sentence = (
            f"{route.host}:{route.port} and scangate have no TLS in common (1.2 or newer is needed): {error.reason}"
        )
        raise LostError(Phase.STARTTLS, sentence, advice=_OTHER_TLS) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise LostError(phase, _sentence(route, phase, error)) from error


def is_of_mail(sentence: str) -> bool:
    """Tell whether this is what a LostError says of a session that was lost after the login."""
    return _BROKEN_OFF in sentence or _UNANSWERED in sentence


def _sentence(route: Route, phase: Phase, error: BaseException) -> str:
    what = {
        Phase.CONNECT: "cannot be reached",
        Phase.STARTTLS: "broke off the start of TLS",
        Phase.AUTH: "broke off the login",
        Phase.END: _UNANSWERED,
    }.get(phase, _BROKEN_OFF)
    return f"{route.host}:{route.port} {what} ({_one_line(str(error)) or type(error).__name__})"


def _reply(response: aiosmtplib.SMTPResponse) -> Reply:
    return Reply(response.code, _one_line(response.message))


def _one_line(text: str) -> str:
    shown = text.encode("utf-8", "replace").decode()
    return " ".join("".join(char if char.isprintable() else " " for char in shown).split())[:1000]
