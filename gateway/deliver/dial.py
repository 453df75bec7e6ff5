"""How a host is found and reached: looked up anew for each connection, each of its addresses tried, the first taken.

aiosmtplib would leave a host whose first address is dead to wait for its whole time limit, and says of DNS what the C
library says. TLS knows nothing of all this: it verifies the name that the configuration gives.
"""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any, Final

from conf.upstreams import Family

Resolved = tuple[socket.AddressFamily, tuple[Any, ...]]
"""An address as the resolver gives it: its family, and what ``connect`` takes."""

NEXT_S: Final = 2.0
"""An address that has not answered by then gets the next one as a rival. RFC 8305 section 5 says 0.25 s, for people who
wait; a slow uplink answers later than that, and a mail server should not see two connections where one is meant."""

_LOOK_UP_S: Final = 20.0
"""glibc asks each name server twice for 5 s (resolv.conf(5)): two of them have then been asked."""

_FAMILIES: Final = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "any": socket.AF_UNSPEC}
_WRITTEN: Final = {"ipv4": "IPv4", "ipv6": "IPv6"}
# A home router forgets an idle connection within minutes (RFC 5382 section 5 asks for two hours): the other side is
# asked after one, and given up three minutes later.
_KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 60), (socket.TCP_KEEPCNT, 3))


class UnreachableError(Exception):
    """The host has no address, or none of them answers; the sentence says which, and what was said of each."""


async def dial(host: str, port: int, family: Family, timeout_s: float) -> socket.socket:
    """Return a connected socket, non-blocking and with keepalive. Raises UnreachableError, also after ``timeout_s``.

    Never blocks the event loop: the resolver works in a thread of its own, that of no journal and no disk.
    """
    said: dict[str, str] = {}
    try:
        async with asyncio.timeout(timeout_s):
            found = in_turn(await _look_up(host, port, family))
            said.update((str(address[0]), f"no answer in {timeout_s:g} s") for _, address in found)
            reached = await _first(found, said)
    except TimeoutError:
        reached = None
    if reached is None:
        told = "; ".join(f"{address}: {why}" for address, why in said.items()) or f"no answer in {timeout_s:g} s"
        raise UnreachableError(f"{host}:{port} cannot be reached ({told})")
    return reached


def in_turn(addresses: Iterable[Resolved]) -> list[Resolved]:
    """Return the addresses in the resolver's order, each once, the families by turns (RFC 8305 section 4)."""
    unique = list(dict.fromkeys(addresses))
    first = [one for one in unique if one[0] == unique[0][0]]
    other = [one for one in unique if one[0] != unique[0][0]]
    return [one for pair in zip_longest(first, other) for one in pair if one is not None]


async def _look_up(host: str, port: int, family: Family) -> list[Resolved]:
    """Ask the resolver, in a thread that nobody waits for: one that hangs holds up neither others nor the stop."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Resolved]] = loop.create_future()

    def settle(found: list[Resolved] | OSError) -> None:
        if answer.done():
            return  # nobody waits any more
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def ask() -> None:
        found: list[Resolved] | OSError
        try:
            told = socket.getaddrinfo(host, port, _FAMILIES[family], socket.SOCK_STREAM)
            found = [(kind, address) for kind, _, _, _, address in told]
        except OSError as error:
            found = error
        except UnicodeError as error:  # of a name with a label that IDNA cannot have
            found = OSError(str(error))
        with contextlib.suppress(RuntimeError):  # the loop is closed: the service has stopped
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=ask, name=f"resolver {host}", daemon=True).start()
    try:
        async with asyncio.timeout(_LOOK_UP_S):
            return await answer
    except TimeoutError as error:
        raise UnreachableError(f"{_unknown(host)}: no name server answered in {_LOOK_UP_S:g} s") from error
    except OSError as error:
        raise UnreachableError(_of_resolver(host, family, error)) from error


def _unknown(host: str) -> str:
    return f"the address of {host} cannot be looked up"


def _of_resolver(host: str, family: Family, error: OSError) -> str:
    """Return what a failed look-up means (getaddrinfo(3)): SERVFAIL and silence both come as EAI_AGAIN."""
    if not isinstance(error, socket.gaierror):
        return f"{_unknown(host)} ({error})"
    match error.errno:
        case socket.EAI_AGAIN:
            return f"{_unknown(host)}: the name server failed or did not answer; is this box's DNS right?"
        case socket.EAI_NONAME | socket.EAI_NODATA | socket.EAI_ADDRFAMILY:
            if family == "any":
                return f"{host} has no address in DNS: is host spelled right?"
            other = 'is host spelled right, or address_family = "any" needed?'
            return f"{host} has no {_WRITTEN[family]} address in DNS: {other}"
        case _:
            return f"{_unknown(host)} ({error.strerror})"


async def _first(addresses: list[Resolved], said: dict[str, str]) -> socket.socket | None:
    """Connect to the addresses, each some time after the one before or as soon as that fails; return the first reached.

    None when none is. ``said`` tells, also while this goes on, why an address was not.
    """
    waiting = list(addresses)
    trying: dict[asyncio.Task[socket.socket], Resolved] = {}
    try:
        while waiting or trying:
            if waiting:
                address = waiting.pop(0)
                trying[asyncio.create_task(_connect(address))] = address
            done, _ = await asyncio.wait(
                trying, timeout=NEXT_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                address = trying.pop(task)
                error = task.exception()
                if error is None:
                    return task.result()  # a second one of the same moment is closed below
                if not isinstance(error, OSError):
                    raise error
                said[str(address[1][0])] = _of_connect(error)
    finally:
        await _give_up(trying)
    return None


def _of_connect(error: OSError) -> str:
    return str(error) if error.errno is None else os.strerror(error.errno)


async def _connect(address: Resolved) -> socket.socket:
    family, where = address
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
        await asyncio.get_running_loop().sock_connect(opened, where)
    except BaseException:
        opened.close()
        raise
    return opened


async def _give_up(trying: Iterable["asyncio.Task[socket.socket]"]) -> None:
    """End the attempts that are not needed, and close what one of them has reached by now."""
    for task in trying:
        task.cancel()
    for ended in await asyncio.gather(*trying, return_exceptions=True):
        if isinstance(ended, socket.socket):
            ended.close()
