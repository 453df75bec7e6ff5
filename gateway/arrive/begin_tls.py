"""TLS begun on a connection that is open already: after STARTTLS, or before the first word of an implicit port."""

import asyncio
import ssl
from typing import Final

from gateway.arrive import handshake

HANDSHAKE_TIMEOUT_S: Final = 30.0
"""An old device takes seconds for its part of RSA."""

_GOODBYE_TIMEOUT_S: Final = 5.0  # for its close_notify, which many never send


class NoTlsError(ConnectionError):
    """The handshake failed and the connection is closed; the sentence says why, and the mend."""


async def begin_tls(
    transport: asyncio.WriteTransport, protocol: asyncio.Protocol, context: ssl.SSLContext, *, is_legacy: bool
) -> asyncio.Transport:
    """Do the server's side of the handshake; return the transport to use from then on. Raises NoTlsError.

    A transport that was paused before it began to read is read from all the same in Python 3.11.2 (Debian 12's), and to
    pause it once more does nothing there. So reading goes on for the instant until ``start_tls`` stops it: otherwise
    what comes early reaches a handshake that is not begun, and the end of the connection is told to nobody.
    """
    assert isinstance(transport, asyncio.Transport)
    transport.resume_reading()
    try:
        encrypted = await asyncio.get_running_loop().start_tls(
            transport,
            protocol,
            context,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S,
            ssl_shutdown_timeout=_GOODBYE_TIMEOUT_S,
        )
    except OSError as error:
        raise NoTlsError(_why(error, is_legacy=is_legacy)) from error
    # More may have come with the last of the handshake than the reader holds: it knew only the old one to pause.
    transport.resume_reading()
    assert encrypted is not None
    return encrypted


def _why(error: OSError, *, is_legacy: bool) -> str:
    match error:
        case ssl.SSLError():
            return handshake.failure(error.reason or "", is_legacy=is_legacy)
        case ConnectionAbortedError():  # asyncio's word for the end of the time
            return handshake.SILENT
        case _:
            return handshake.GONE
