"""A host that says more than it was asked: what is left over is never taken for the answer to what comes next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.deliver import session as session_module
from gateway.deliver.session import LostError, open_session
from gateway.deliver.tls import upstream_context
from gateway.spool.job import State
from gateway.spool.reply import Deferral, Receipt, Refusal
from tests.gateway.deliver.connected import line
from tests.gateway.deliver.given import OFFICE, Box, box, config, direct, no_token, route
from tests.peers import healthy
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import HEALTHY, At, Healthy, Pause, Script, Silence


@asynccontextmanager
async def _sending(shown: Certificate, folder: Path, script: Script) -> AsyncIterator[tuple[Exchange, Box]]:
    """A box and its host, whose first connection follows a script."""
    async with (
        Exchange(shown.server_context(), script, needs_login=False) as exchange,
        box(config(folder, direct(exchange.port, shown.authority))) as opened,
    ):
        yield exchange, opened


@pytest.mark.parametrize("extra", [b"250 2.0.0 queued\r\n", b"250-", b"250"])
async def test_an_answer_in_advance_is_no_receipt(server_certificate: Certificate, tmp_path: Path, extra: bytes):
    """Row 29: a 250 behind the 354 is not the answer to the dot: it would call a refused scan sent."""
    script = Script().on(At.DATA, healthy.SEND_BODY + extra).on(At.DOT, b"554 5.6.0 refused\r\n")
    async with line(server_certificate, tmp_path, script) as one:
        sent = await one.send()
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert (sent.is_uncertain, sent.is_reusable) == (False, False)
        assert one.exchange.messages == []


@pytest.mark.parametrize("at", [At.MAIL, At.RCPT])
async def test_two_answers_to_one_command_end_the_session(server_certificate: Certificate, tmp_path: Path, at: At):
    """Row 29: whatever command earns two answers, nothing more is asked over this session."""
    async with line(server_certificate, tmp_path, Script().on(at, b"250 2.0.0 ok\r\n250 2.0.0 more\r\n")) as one:
        sent = await one.send()
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert not sent.is_reusable
        assert "more than it was asked" in sent.verdicts[OFFICE].said
        assert one.exchange.messages == []


async def test_a_goodbye_behind_the_receipt_leaves_the_receipt(server_certificate: Certificate, tmp_path: Path):
    """Row 8: 250 and 421 in one packet is a receipt, and the next mail takes a new session without an attempt lost."""
    script = Script().on(At.DOT, b"250 2.6.0 queued\r\n421 4.4.2 closing\r\n")
    async with _sending(server_certificate, tmp_path, script) as (exchange, opened):
        for _ in range(2):
            job = await opened.deliver(opened.ready())
            assert (job.state, job.attempts, job.is_uncertain) == (State.SENT, 0, False)
        assert exchange.seen.connections == 2


async def test_421_between_messages_costs_nothing(server_certificate: Certificate, tmp_path: Path):
    """Row 8: a host that says 421 to the next MAIL costs no attempt, and the mail arrives over a new session."""
    script = Script().on(At.MAIL, b"421 4.4.1 Connection timed out\r\n", nth=2)
    async with _sending(server_certificate, tmp_path, script) as (exchange, opened), opened.delivering():
        for count in (1, 2):
            job_id = opened.ready()
            opened.deliverer.wake.set()
            job = await opened.comes_to(job_id, State.SENT)
            assert job.attempts == 0
            assert exchange.seen.connections == count


async def test_a_session_dead_on_the_way_is_replaced(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 9: a session that a NAT has forgotten stays silent: it is left, and the mail goes by a new one, unharmed."""
    monkeypatch.setattr(session_module, "COMMAND_TIMEOUT_S", 0.3)
    script = Script().on(At.MAIL, Silence(), nth=2)
    async with _sending(server_certificate, tmp_path, script) as (exchange, opened), opened.delivering():
        for count in (1, 2):
            job_id = opened.ready()
            opened.deliverer.wake.set()
            job = await opened.comes_to(job_id, State.SENT)
            assert (job.attempts, job.is_uncertain) == (0, False)
            assert exchange.seen.connections == count


@pytest.mark.parametrize("at", [At.EHLO, At.MAIL, At.RCPT, At.DATA, At.DOT, At.RSET])
@pytest.mark.parametrize(
    "babble",
    [
        b"250-more\r\n" * 10_000,
        b"x" * 1_000_000,
        b"\x00\xff\r\n\x00\r\n",
        b"250-" + b"y" * 40_000 + b"\r\n250 ok\r\n",
        b"\r\n" * 20_000,
    ],
)
async def test_babble_is_bounded_and_is_no_receipt(
    server_certificate: Certificate, tmp_path: Path, at: At, babble: bytes
):
    """Row 29: endless or garbled replies at any step end it with a short sentence, never as sent or refused."""
    script = Script().on(At.RSET, babble).on(at, babble, Silence(), nth=2 if at is At.EHLO else None)
    async with Exchange(server_certificate.server_context(), then=script, needs_login=False) as exchange:
        settings = config(tmp_path, direct(exchange.port, server_certificate.authority))
        async with box(settings) as opened:
            job = await opened.deliver(opened.ready())
            if at is At.RSET:
                assert job.state is State.SENT
                return
            assert job.state is State.DEFERRED
            assert len(job.reason) < 1200
            assert job.reason.isprintable()
            exchange.then = HEALTHY
            opened.traffic.resume("direct-send")
            assert (await opened.deliver(job.id)).state is State.SENT


async def test_a_reply_without_end_meets_its_timeout(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Row 29: a reply that drips on line by line is given up when the whole of it has taken too long."""
    monkeypatch.setattr(session_module, "COMMAND_TIMEOUT_S", 0.5)
    drip = [part for _ in range(40) for part in (b"250-wait\r\n", Pause(0.05))]
    async with line(server_certificate, tmp_path, Script().on(At.MAIL, *drip)) as one:
        sent = await one.send()
        assert isinstance(sent.verdicts[OFFICE], Deferral)
        assert not sent.is_reusable


async def test_more_than_asked_before_the_first_mail(server_certificate: Certificate):
    """Row 16: what is left behind the greeting inside TLS ends the session before any mail."""
    features = healthy.ehlo(healthy.FEATURES, is_tls=True)
    script = Script().on(At.EHLO, Healthy(), nth=1).on(At.EHLO, features + b"250 2.1.0 Sender OK\r\n", nth=2)
    async with Exchange(server_certificate.server_context(), script, needs_login=False) as exchange:
        context = upstream_context(server_certificate.authority, None)
        with pytest.raises(LostError, match="more than it was asked"):
            await open_session(route(exchange.port), context, "box.example.org", no_token)
        await exchange.left_alone()


async def test_a_healthy_host_is_not_taken_for_one(server_certificate: Certificate, tmp_path: Path):
    """A refusal and what follows it, each asked for, leave the session as good as before."""
    async with line(server_certificate, tmp_path, Script().on(At.DATA, b"554 5.6.0 no\r\n", nth=1)) as one:
        assert isinstance((await one.send()).verdicts[OFFICE], Refusal)
        assert isinstance((await asyncio.wait_for(one.send(), 20)).verdicts[OFFICE], Receipt)
