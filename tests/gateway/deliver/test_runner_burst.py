"""A burst of scans against an upstream that counts: it never has to say so."""

from pathlib import Path

import pytest

from gateway.deliver import runner
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import State
from tests.gateway.deliver.given import OFFICE, Box, box, config, direct, password_auth, put_job
from tests.gateway.deliver.timepiece import TOO_FAST, Meter, Timepiece
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.loopback import until
from tests.peers.script import At, Script

BURST = 200
STEP_S = 5.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Timepiece:
    """It goes for the box and for the smarthost's count alike."""
    return Timepiece(monkeypatch)


async def _rests(here: Box) -> None:
    """Let the runner look once, and wait until it has nothing under way."""
    here.deliverer.wake.set()
    await until(lambda: not here.deliverer.wake.is_set() and here.deliverer.is_idle, 30, "a look")


async def test_row_18_a_burst_meets_no_throttle(server_certificate: Certificate, tmp_path: Path, clock: Timepiece):
    """Row 18: of 200 scans at once all arrive, 25 a minute; a host that counts 30 a minute strictly never refuses."""
    meter = Meter(clock, 30)
    script = Script().on(At.MAIL, TOO_FAST, matching=meter)
    async with Exchange(server_certificate.server_context(), then=script) as exchange:
        async with box(config(tmp_path, password_auth(exchange.port, server_certificate.authority))) as here:
            began_at = clock.now
            ids = [here.ready() for _ in range(BURST)]
            async with here.delivering():
                while len(exchange.messages) < BURST and clock.now < began_at + 900:
                    await _rests(here)
                    clock.now += STEP_S
            assert [here.job(job_id).state for job_id in ids].count(State.SENT) == BURST
            assert meter.refused == 0
            assert here.traffic.pauses() == {}
        # seven times 25 fill a minute each; the last 25 need no further one
        assert 7 * 60 <= clock.now - began_at <= 7 * 60 + 10 * STEP_S


async def test_row_19_a_day_that_is_full_opens_by_itself(
    server_certificate: Certificate, tmp_path: Path, clock: Timepiece
):
    """Row 19: over the day's recipients scans wait, across a restart, and go when the first ones are a day old."""
    async with Exchange(server_certificate.server_context()) as exchange:
        table = password_auth(exchange.port, server_certificate.authority, recipients_per_day=3)
        async with box(config(tmp_path, table)) as here:
            began_at = clock.now
            ids = [here.ready() for _ in range(5)]
            async with here.delivering():
                await _rests(here)
                await _rests(here)
            assert len(exchange.messages) == 3
        clock.now = began_at + 86_400 - 1
        async with box(config(tmp_path, table)) as here, here.delivering():
            await _rests(here)
            assert len(exchange.messages) == 3
            clock.now = began_at + 86_400
            await _rests(here)
            await until(lambda: len(exchange.messages) == 5, 10, "the others")
            for job_id in ids:
                await here.comes_to(job_id, State.SENT)


async def test_a_new_box_on_port_25_begins_slowly(server_certificate: Certificate, tmp_path: Path, clock: Timepiece):
    """On its first day ten a minute go; on the next day with mail more; a restart forgets no day; mail is counted."""
    clock.now = (clock.now // 86_400 + 1) * 86_400 + 3600
    async with Exchange(server_certificate.server_context(), needs_login=False) as exchange:
        table = direct(exchange.port, server_certificate.authority, messages_per_minute=60, ramp_up=True)
        for day, most in enumerate((10, 12, 16), start=1):
            before = len(exchange.messages)
            async with box(config(tmp_path, table)) as here:
                for _ in range(20):
                    here.ready()
                async with here.delivering():
                    for _ in range(3):
                        await _rests(here)
                assert len(exchange.messages) - before == most
                assert f"ramp-up day {day} of 7" in here.routes._pacers["direct-send"].describe(clock.now)
                for job in here.journal.jobs():
                    here.journal.fail_pending(job.id, clock.now, "the test is over for today")
            clock.now += 86_400


@pytest.mark.parametrize("looked_at", [200, 10])
async def test_a_burst_holds_back_no_other_door(
    server_certificate: Certificate, tmp_path: Path, clock: Timepiece, monkeypatch: pytest.MonkeyPatch, looked_at: int
):
    """A single scan of another printer waits for the next minute with room, not for all that one printer has sent,
    however many those are.
    """  # noqa: D205  one sentence
    monkeypatch.setattr(runner, "_LOOK_AHEAD", looked_at)
    async with Exchange(server_certificate.server_context()) as exchange:
        table = password_auth(exchange.port, server_certificate.authority, messages_per_minute=5)
        async with box(config(tmp_path, table)) as here:
            for _ in range(40):
                here.ready()
            async with here.delivering():
                while len(exchange.messages) < 5:
                    await _rests(here)
                other = Origin(OriginKind.SMTP, "panel", "192.168.1.40")
                single = put_job(here.spool, here.journal, (OFFICE,), origin=other)
                for _ in range(3):
                    await _rests(here)
                assert here.job(single).state is not State.SENT
                clock.now += 60
                await _rests(here)
                await here.comes_to(single, State.SENT)
            assert len(exchange.messages) <= 10
