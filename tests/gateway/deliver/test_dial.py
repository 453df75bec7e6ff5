"""A host is reached by whichever of its addresses answers, and what stands in the way is told in plain words."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.upstreams import Family
from gateway.deliver import dial as module
from gateway.deliver.dial import Resolved, UnreachableError, dial, in_turn
from gateway.deliver.session import LostError, open_session
from gateway.deliver.tls import upstream_context
from gateway.spool.reply import Phase
from tests.gateway.deliver.given import no_token, route
from tests.peers.certificates import Certificate, Certificates
from tests.peers.exchange import Exchange
from tests.peers.loopback import free_port, until

HOST: Final = "contoso-com.mail.protection.outlook.com"
Told = list[tuple[Any, ...]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch):
    """Say what the resolver tells: a list of addresses, or what it raises; returns the questions it was asked."""

    def tell(*answers: list[str] | Exception | Callable[[], None]) -> list[tuple[Any, ...]]:
        asked: list[tuple[Any, ...]] = []

        def getaddrinfo(host: str, port: int, family: int, kind: int) -> Told:
            asked.append((host, family, threading.current_thread() is threading.main_thread()))
            answer = answers[min(len(asked), len(answers)) - 1]
            if isinstance(answer, Exception):
                raise answer
            if not isinstance(answer, list):
                answer()
                return []
            numeric = [real(address, port, 0, kind)[0] for address in answer]
            return [one for one in numeric if family in {one[0], socket.AF_UNSPEC}]

        real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return tell


@contextlib.contextmanager
def listening(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Somebody who listens; gives the port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        yield server.getsockname()[1]


@contextlib.contextmanager
def deaf(address: str, port: int) -> Iterator[None]:
    """An address that answers no connection: its queue is full, so the kernel drops what comes."""
    with contextlib.ExitStack() as held:
        server = held.enter_context(socket.socket())
        server.bind((address, port))
        server.listen(0)
        for _ in range(3):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((address, port))
        yield


async def test_a_dead_first_address_is_passed_over(told):
    """Row 10: A host whose IPv6 address refuses is reached by its IPv4 address, at once."""
    told(["::1", "127.0.0.1"])
    with listening() as port, await dial(HOST, port, "any", 10) as reached:
        assert reached.getpeername() == ("127.0.0.1", port)


async def test_a_silent_first_address_gets_a_rival(told, monkeypatch: pytest.MonkeyPatch):
    """An address that answers nothing does not use up the time: the next is tried beside it, and wins."""
    monkeypatch.setattr(module, "NEXT_S", 0.05)
    port = free_port()
    told(["127.0.0.2", "127.0.0.3"])
    with deaf("127.0.0.2", port), listening("127.0.0.3", port), await dial(HOST, port, "ipv4", 20) as reached:
        assert reached.getpeername() == ("127.0.0.3", port)


async def test_when_no_address_answers_each_is_told(told, monkeypatch: pytest.MonkeyPatch):
    """The sentence names host and port, and what each address said; a silent one says that it is."""
    monkeypatch.setattr(module, "NEXT_S", 0.05)
    port = free_port()
    told(["127.0.0.2", "127.0.0.3"])
    with deaf("127.0.0.2", port), pytest.raises(UnreachableError) as error:
        await dial(HOST, port, "any", 0.5)
    assert str(error.value) == (
        f"{HOST}:{port} cannot be reached (127.0.0.2: no answer in 0.5 s; 127.0.0.3: Connection refused)"
    )


@pytest.mark.parametrize(
    ("family", "reached"), [("ipv4", "127.0.0.1"), ("any", "::1"), ("ipv6", "::1")], ids=["ipv4", "any", "ipv6"]
)
async def test_the_family_decides_which_addresses_are_used(told, family: Family, reached: str):
    """With "ipv4" no IPv6 address is ever connected to, though the resolver puts it first; and the other way round."""
    told(["::1", "127.0.0.1"])
    with listening() as port, listening("::1", port), await dial(HOST, port, family, 10) as connected:
        assert connected.getpeername()[0] == reached


async def test_the_name_is_looked_up_for_each_connection(told):
    """Row 12: An address that DNS changes is used at the next connection; nothing is remembered."""
    asked = told(["127.0.0.2"], ["127.0.0.3"])
    port = free_port()
    with listening("127.0.0.2", port), listening("127.0.0.3", port):
        for address in ("127.0.0.2", "127.0.0.3"):
            with await dial(HOST, port, "ipv4", 10) as reached:
                assert reached.getpeername()[0] == address
    assert [family for _, family, _ in asked] == [socket.AF_INET] * 2
    assert not any(is_main for *_, is_main in asked)


@pytest.mark.parametrize(
    ("family", "error", "sentence"),
    [
        ("any", socket.gaierror(socket.EAI_NONAME, "x"), f"{HOST} has no address in DNS: is host spelled right?"),
        (
            "ipv4",
            socket.gaierror(socket.EAI_NODATA, "x"),
            f'{HOST} has no IPv4 address in DNS: is host spelled right, or address_family = "any" needed?',
        ),
        (
            "ipv6",
            socket.gaierror(socket.EAI_ADDRFAMILY, "x"),
            f'{HOST} has no IPv6 address in DNS: is host spelled right, or address_family = "any" needed?',
        ),
        (
            "ipv4",
            socket.gaierror(socket.EAI_AGAIN, "x"),
            (
                f"the address of {HOST} cannot be looked up: the name server failed or did not answer; "
                "is this box's DNS right?"
            ),
        ),
        (
            "any",
            socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure"),
            f"the address of {HOST} cannot be looked up (Non-recoverable failure)",
        ),
        ("any", OSError("no more files"), f"the address of {HOST} cannot be looked up (no more files)"),
        (
            "any",
            UnicodeError("label too long"),
            f"the address of {HOST} cannot be looked up (label too long)",
        ),
    ],
)
async def test_a_name_that_is_not_found_is_told(told, family: Family, error: Exception, sentence: str):
    """Row 11: What DNS says, or does not, becomes a sentence with what to look at."""
    told(error)
    with pytest.raises(UnreachableError) as unreachable:
        await dial(HOST, 25, family, 10)
    assert str(unreachable.value) == sentence


async def test_a_resolver_that_hangs_blocks_nothing(told, monkeypatch: pytest.MonkeyPatch):
    """While the resolver hangs the event loop goes on and no thread of the journal is taken; then it is given up."""
    monkeypatch.setattr(module, "_LOOK_UP_S", 0.3)
    let_go = threading.Event()
    told(let_go.wait)
    loop = asyncio.get_running_loop()
    dials = [asyncio.create_task(dial(HOST, 25, "any", 10)) for _ in range(50)]
    try:
        for _ in range(3):
            await asyncio.sleep(0)
        assert await loop.run_in_executor(None, lambda: "the journal's") == "the journal's"
        for error in await asyncio.gather(*dials, return_exceptions=True):
            assert str(error) == f"the address of {HOST} cannot be looked up: no name server answered in 0.3 s"
    finally:
        let_go.set()


async def test_a_stop_leaves_neither_sockets_nor_threads_waited_for(told, monkeypatch: pytest.MonkeyPatch):
    """Cancelled in the midst of two attempts, both sockets are closed."""
    monkeypatch.setattr(module, "NEXT_S", 0.01)
    opened: list[socket.socket] = []
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    def watched(sock: socket.socket, address: Any) -> Any:
        opened.append(sock)
        return connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", watched)
    port = free_port()
    told(["127.0.0.2", "127.0.0.3"])
    with deaf("127.0.0.2", port), deaf("127.0.0.3", port):
        under_way = asyncio.create_task(dial(HOST, port, "any", 20))
        await until(lambda: len(opened) == 2, 10, "both are tried")
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        assert [one.fileno() for one in opened] == [-1, -1]


async def test_an_idle_connection_is_asked_after():
    """Each connection has TCP keepalive, after a minute: a router that forgot it is noticed."""
    with listening() as port, await dial("127.0.0.1", port, "ipv4", 10) as reached:
        assert reached.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert reached.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert reached.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 60
        assert reached.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3


ADDRESSES = st.lists(
    st.sampled_from([(socket.AF_INET, ("1.1.1.1", 25)), (socket.AF_INET, ("2.2.2.2", 25))])
    | st.sampled_from([(socket.AF_INET6, ("::1", 25, 0, 0)), (socket.AF_INET6, ("::2", 25, 0, 0))])
)


@given(ADDRESSES)
def test_each_address_has_its_turn_once(addresses: list[Resolved]):
    """The resolver's first comes first, none twice, none left out, the second of the other family."""
    turns = in_turn(addresses)
    assert sorted(turns, key=str) == sorted(set(addresses), key=str)
    assert turns[:1] == addresses[:1]
    if len({family for family, _ in addresses}) > 1:
        assert turns[0][0] != turns[1][0]


async def test_tls_verifies_the_configured_name(told, server_certificate: Certificate, certificates: Certificates):
    """However the host was reached, its certificate must be for the name in the configuration."""
    told(["::1", "127.0.0.1"])
    context = upstream_context(certificates.authority_file, None)
    async with Exchange(server_certificate.server_context(), needs_login=False) as exchange:
        session = await open_session(route(exchange.port, host="localhost"), context, "box", no_token)
        await session.close()
    async with Exchange(server_certificate.server_context(), needs_login=False, needs_tls=False) as exchange:
        with pytest.raises(LostError, match="not to be trusted: Hostname mismatch") as lost:
            await open_session(route(exchange.port, host=HOST), context, "box", no_token)
    assert lost.value.needs_person


async def test_a_host_not_found_is_a_fault_of_the_route_for_now(told, certificates: Certificates):
    """No address is a lost connection that waiting may mend: the scan is deferred."""
    told(socket.gaierror(socket.EAI_NONAME, "x"))
    with pytest.raises(LostError, match="has no address in DNS") as lost:
        await open_session(route(25, host=HOST), upstream_context(None, None), "box", no_token)
    assert (lost.value.phase, lost.value.needs_person) == (Phase.CONNECT, False)
