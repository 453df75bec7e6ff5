"""A queue longer than an upstream's limit: it waits quietly."""

import time
from pathlib import Path

import pytest

from gateway.deliver.ways import names_of
from gateway.spool.job import State
from tests.gateway.deliver.given import box, config, direct
from tests.gateway.deliver.timepiece import Timepiece
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.loopback import until
from tests.peers.script import At, Script

JOBS = 30


async def test_a_queue_over_the_limit_costs_no_writes(server_certificate: Certificate, tmp_path: Path):
    """Of thirty jobs at two a minute two go, and the rest wait without a journal entry for each look at them."""
    async with Exchange(server_certificate.server_context(), needs_login=False) as exchange:
        upstream = direct(exchange.port, server_certificate.authority, messages_per_minute=2)
        async with box(config(tmp_path, upstream)) as held:
            ids = [held.ready() for _ in range(JOBS)]
            async with held.delivering():
                held.deliverer.wake.set()
                await exchange.took(2)
                last = held.job(max(ids))  # of one second, ids are at random: not the last that was made
                await until(lambda: held.routes.held_until(names_of(held.routes, last, {})) > 0, 10, "the limit")
                for _ in range(20):
                    held.deliverer.wake.set()
                    await until(lambda: not held.deliverer.wake.is_set(), 10, "another look")
                await until(lambda: held.deliverer.is_idle, 10, "rest")
            assert len(exchange.messages) == 2
            states = [held.job(job_id).state for job_id in ids]
            assert states.count(State.SENT) == 2
            assert states.count(State.DEFERRED) <= held.deliverer.at_once
            entries = sum(len(held.journal.history(job_id)) for job_id in ids)
            # accepted and ready for each; sending and sent for two; one deferral for each that met the limit
            assert entries <= 2 * JOBS + 2 * 2 + held.deliverer.at_once


async def test_a_clock_set_back_holds_nothing(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An upstream at its limit when the clock is set back holds its jobs for a minute of the new time, not for days."""
    async with Exchange(server_certificate.server_context(), needs_login=False) as exchange:
        upstream = direct(exchange.port, server_certificate.authority, name="upstream", messages_per_minute=1)
        async with box(config(tmp_path, upstream)) as held:
            assert (await held.deliver(held.ready())).state is State.SENT
            assert (await held.deliver(held.ready())).state is State.DEFERRED
            now = time.time()
            assert held.routes.held_until(frozenset({"upstream"})) > now
            monkeypatch.setattr(time, "time", lambda: now - 10 * 86400)
            assert held.routes.held_until(frozenset({"upstream"})) <= now - 10 * 86400


async def test_a_clock_set_back_leaves_no_job_behind(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What was due by a clock that ran ahead is tried when it is set right, not when the old time comes again."""
    clock = Timepiece(monkeypatch)
    later = Script().on(At.MAIL, b"451 4.3.0 later\r\n", nth=1)
    async with Exchange(server_certificate.server_context(), later, needs_login=False) as exchange:
        upstream = direct(exchange.port, server_certificate.authority)
        async with box(config(tmp_path, upstream)) as held, held.delivering():
            deferred = held.ready()
            held.deliverer.wake.set()
            await held.comes_to(deferred, State.DEFERRED)
            clock.now -= 5 * 3600
            held.deliverer.wake.set()
            await held.comes_to(deferred, State.SENT)
