"""The sessions of one route: reused, never too many, logged in anew when a token was refused."""

import asyncio
from pathlib import Path

import pytest

from gateway.deliver.pool import Pool
from gateway.deliver.session import LostError, RefusedError
from gateway.deliver.tls import upstream_context
from gateway.deliver.token_fault import TokenError
from gateway.deliver.token_source import TokenSource
from gateway.deliver.token_store import TokenStore
from gateway.deliver.transfer import send
from gateway.deliver.upstream import route_of
from gateway.spool.reply import Phase, Receipt
from tests.gateway.deliver.given import (
    MESSAGE,
    OFFICE,
    PASSWORD_LOGIN,
    SENDER,
    client_auth,
    no_matter,
    route,
    token_auth,
)
from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import Entra
from tests.peers.exchange import Exchange
from tests.peers.loopback import until
from tests.peers.script import At, Drop, Healthy, Script, Wait
from tests.peers.tokens import SECRET_WRONG


def _pool(port: int, certificates: Certificates, connections: int = 2) -> Pool:
    context = upstream_context(certificates.authority_file, None)
    return Pool(route(port, PASSWORD_LOGIN, connections=connections), context, "box.example.org")


def _token_pool(port: int, certificates: Certificates, entra: Entra) -> Pool:
    settings = client_auth(token_auth(port, certificates.authority_file, entra.port))
    tokens = TokenSource(settings, TokenStore(Path("/nowhere"), settings.name))
    return Pool(route_of(settings), upstream_context(certificates.authority_file, None), "box", tokens)


async def _send_one(pool: Pool, message: Path) -> None:
    async with pool.lend() as lease:
        sent = await send(lease.session, SENDER, (OFFICE,), message, no_matter)
        assert isinstance(sent.verdicts[OFFICE], Receipt)
        lease.is_reusable = sent.is_reusable


@pytest.fixture
def message(tmp_path: Path) -> Path:
    """A message file."""
    path = tmp_path / "message.eml"
    path.write_bytes(MESSAGE)
    return path


async def test_a_session_is_reused(exchange: Exchange, certificates: Certificates, message: Path):
    """Messages one after the other go over one session with one login."""
    pool = _pool(exchange.port, certificates)
    for _ in range(3):
        await _send_one(pool, message)
    assert (exchange.seen.connections, len(exchange.seen.logins), len(exchange.messages)) == (1, 1, 3)
    await pool.close_idle(older_than_s=-1)
    assert not pool.has_idle
    await exchange.heard("QUIT")


@pytest.mark.parametrize("connections", [1, 2])
async def test_never_more_sessions_than_configured(
    exchange: Exchange, certificates: Certificates, message: Path, connections: int
):
    """Many messages at once share the configured connections and all arrive."""
    pool = _pool(exchange.port, certificates, connections)
    await asyncio.gather(*(_send_one(pool, message) for _ in range(8)))
    assert len(exchange.messages) == 8
    assert exchange.seen.open_most <= connections
    await pool.close_idle(older_than_s=-1)


async def test_a_session_that_says_goodbye_still_counts(
    server_certificate: Certificate, certificates: Certificates, message: Path
):
    """While an idle session is being closed no new one takes its place: the mailbox's three are never exceeded."""
    may_end = asyncio.Event()
    slow_goodbye = Script().on(At.QUIT, Wait(may_end), Healthy())
    async with Exchange(server_certificate.server_context(), slow_goodbye) as exchange:
        pool = _pool(exchange.port, certificates, connections=1)
        await _send_one(pool, message)
        closing = asyncio.create_task(pool.close_idle(older_than_s=-1))
        await exchange.heard("QUIT")
        sending = asyncio.create_task(_send_one(pool, message))
        done, _ = await asyncio.wait({sending}, timeout=0.2)
        assert not done
        assert exchange.seen.connections == 1
        may_end.set()
        await asyncio.gather(closing, sending)
        await pool.close_idle(older_than_s=-1)


async def test_young_idle_sessions_stay(exchange: Exchange, certificates: Certificates, message: Path):
    """Only sessions that have been idle for longer are closed."""
    pool = _pool(exchange.port, certificates)
    await _send_one(pool, message)
    await pool.close_idle(older_than_s=60)
    assert pool.has_idle
    await _send_one(pool, message)
    assert exchange.seen.connections == 1
    await pool.close_idle(older_than_s=0)
    assert not pool.has_idle


async def test_an_idle_session_that_ended_is_replaced(
    server_certificate: Certificate, certificates: Certificates, message: Path
):
    """Row 8: After a 421 between messages, or a silent close, the next message takes a new session and arrives."""
    ending = Script().on(At.IDLE, b"421 4.4.1 Connection timed out\r\n", Drop())
    async with Exchange(server_certificate.server_context(), ending) as exchange:
        pool = _pool(exchange.port, certificates)
        await _send_one(pool, message)
        await exchange.left_alone()
        await until(lambda: not any(session.is_open for _, session in pool._idle), 5, "its end is noticed")
        await _send_one(pool, message)
        assert exchange.seen.connections == 2
        assert len(await exchange.took(2)) == 2
        await pool.close_idle(older_than_s=-1)


async def test_a_session_not_given_back_is_closed(exchange: Exchange, certificates: Certificates):
    """A borrower that fails, or does not say that the session is good, leaves none behind."""
    pool = _pool(exchange.port, certificates)
    with pytest.raises(ValueError, match="mine"):
        async with pool.lend():
            raise ValueError("mine")
    async with pool.lend():
        pass
    assert not pool.has_idle
    await exchange.left_alone()


async def test_a_failed_opening_gives_its_slot_back(
    server_certificate: Certificate, certificates: Certificates, message: Path
):
    """Failures to open a session never use up the slots."""
    broken = Script().on(At.EHLO, Drop())
    async with Exchange(server_certificate.server_context(), broken, broken, broken) as exchange:
        pool = _pool(exchange.port, certificates, connections=1)
        for _ in range(3):
            with pytest.raises(LostError):
                await _send_one(pool, message)
        await _send_one(pool, message)
        await pool.close_idle(older_than_s=-1)


async def test_a_wrong_password_is_not_repeated(
    server_certificate: Certificate, certificates: Certificates, message: Path
):
    """A password is never tried twice by the pool: only a token is worth a second try."""
    async with Exchange(server_certificate.server_context(), secrets={SENDER: "other"}) as exchange:
        with pytest.raises(RefusedError):
            await _send_one(_pool(exchange.port, certificates), message)
        assert len(exchange.seen.logins) == 1


async def test_a_stale_token_is_fetched_anew_once(
    server_certificate: Certificate, certificates: Certificates, message: Path, entra: Entra
):
    """A refused token is forgotten and a new one tried; the message goes with the second."""
    refused = Script().on(At.AUTH_DONE, b"535 5.7.3 Authentication unsuccessful\r\n")
    async with Exchange(server_certificate.server_context(), refused) as exchange:
        pool = _token_pool(exchange.port, certificates, entra)
        await _send_one(pool, message)
        first, second = (login.given for login in exchange.seen.logins)
        assert first is not None
        assert second is not None
        assert first.secret != second.secret
        assert len(entra.token_requests) == 2
        await pool.close_idle(older_than_s=-1)


async def test_a_fresh_token_that_is_refused_is_final(
    server_certificate: Certificate, certificates: Certificates, message: Path, entra: Entra
):
    """When a fresh token is refused too, the login is at fault: two logins, and the refusal is told."""
    refused = Script().on(At.AUTH_DONE, b"535 5.7.3 Authentication unsuccessful\r\n")
    async with Exchange(server_certificate.server_context(), then=refused) as exchange:
        with pytest.raises(RefusedError) as caught:
            await _send_one(_token_pool(exchange.port, certificates, entra), message)
        assert (caught.value.phase, caught.value.reply.code) == (Phase.AUTH, 535)
        assert len(exchange.seen.logins) == 2
        assert len(entra.token_requests) == 2


async def test_no_token_no_login(exchange: Exchange, certificates: Certificates, message: Path, entra: Entra):
    """Without a token nothing is said to the smarthost about who we are, and the connection is closed."""
    entra.refuse(SECRET_WRONG)
    with pytest.raises(TokenError, match="AADSTS7000215"):
        await _send_one(_token_pool(exchange.port, certificates, entra), message)
    assert exchange.seen.logins == []
    assert exchange.seen.count("AUTH") == 0
    await exchange.left_alone()


async def test_fewer_connections_close_what_is_idle_at_once(
    exchange: Exchange, certificates: Certificates, message: Path
):
    """When fewer may be open than lie idle those beyond are closed, also while one is lent out for hours."""
    most = 2
    context = upstream_context(certificates.authority_file, None)
    pool = Pool(route(exchange.port, PASSWORD_LOGIN), context, "box.example.org", most=lambda: most)
    async with pool.lend() as first, pool.lend() as second:
        first.is_reusable = second.is_reusable = True
    assert exchange.seen.open_now == 2
    most = 1
    async with pool.lend() as lease:
        await pool.close_idle()
        await until(lambda: exchange.seen.open_now == 1, 5, "one open")
        lease.is_reusable = True
    await pool.close_idle(older_than_s=-1.0)


async def test_a_login_tried_beside_idle_sessions_is_not_one_too_many(
    exchange: Exchange, certificates: Certificates, message: Path
):
    """A login that is tried while as many sessions lie idle as may be open closes one of them first."""
    pool = _pool(exchange.port, certificates, connections=1)
    await _send_one(pool, message)
    await pool.try_login()
    assert (exchange.seen.open_most, len(exchange.seen.logins)) == (1, 2)
    await _send_one(pool, message)
    assert exchange.seen.connections == 2
    await pool.close_idle(older_than_s=-1)
