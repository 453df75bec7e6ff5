"""The stations stop when they are told to, at whatever moment that is."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver import runner
from gateway.spool.job import State
from tests.gateway.deliver.given import Box, box, config, direct
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import At, Script, Silence, StopReading

MAILDIR = {"method": "maildir", "path": "/nowhere"}


async def _is_idle(station: "asyncio.Task[None]", wake: asyncio.Event) -> None:
    """Return when the station waits to be woken."""
    async with asyncio.timeout(5):
        while not wake._waiters:  # noqa: ASYNC110  an event cannot tell who waits for it
            await asyncio.sleep(0.01)
    assert not station.done()


@pytest.mark.parametrize("name", ["deliverer", "teller"])
async def test_a_stop_in_the_moment_of_a_wake_is_not_lost(tmp_path: Path, name: str):
    """Woken and stopped in the same instant a station stops: a stop is never swallowed by the wake."""
    async with box(config(tmp_path, MAILDIR)) as opened:
        part = getattr(opened, name)
        work: Coroutine[Any, Any, None] = part.run()
        station = asyncio.create_task(work)
        await _is_idle(station, part.wake)
        part.wake.set()
        station.cancel()
        done, _ = await asyncio.wait({station}, timeout=2)
        is_lost = not done
        while not station.done():  # so that a swallowed stop fails this test and hangs no other
            station.cancel()
            await asyncio.sleep(0.05)
        assert not is_lost


async def _stopped(opened: Box, exchange: Exchange, script_reached: str) -> State:
    """Stop the queue runner while its host does nothing; return the job's state."""
    job_id = opened.ready(message=b"x" * 76 + b"\r\n" + b"y" * 5_000_000)
    station = asyncio.create_task(opened.deliverer.run())
    await exchange.heard(script_reached)
    station.cancel()
    async with asyncio.timeout(10):
        await asyncio.gather(station, return_exceptions=True)
    assert opened.deliverer.is_idle
    return opened.job(job_id).state


@pytest.mark.parametrize(
    ("script", "reached", "state"),
    [
        (Script().on(At.MAIL, Silence()), "MAIL", State.READY),
        (Script().on(At.BODY, StopReading()), "DATA", State.READY),
        (Script().on(At.DOT, Silence()), "DATA", State.SENDING),
    ],
)
async def test_a_host_that_hangs_holds_up_no_stop(
    server_certificate: Certificate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: Script,
    reached: str,
    state: State,
):
    """After the grace time a transfer is cut; the journal says sending only if the host has the whole message."""
    monkeypatch.setattr(runner, "_GRACE_S", 1.0)
    async with Exchange(server_certificate.server_context(), script, needs_login=False) as exchange:
        table = direct(exchange.port, server_certificate.authority)
        async with box(config(tmp_path, table)) as opened:
            assert await _stopped(opened, exchange, reached) is state
            assert len(exchange.messages) == (1 if state is State.SENDING else 0)
