"""Upstreams at fault: tried at once when a person has mended them, never by a mere restart; the admin is warned."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.deliver.route_watch import ask
from gateway.spool.job import State
from tests.gateway.deliver.given import box, config, password_auth
from tests.gateway.deliver.offering import NAME
from tests.gateway.deliver.timepiece import Timepiece
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.fixtures import PASSWORD
from tests.peers.script import At, Script

DAY_S = 86400.0
SENDER = "scanner@contoso.com"


@pytest.fixture
async def strict(server_certificate: Certificate):
    """A smarthost that knows one password."""
    refusal = b"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.\r\n"
    script = Script().on(At.AUTH_DONE, refusal, matching=lambda line: b"cmlnaHQ=" not in line)
    async with Exchange(server_certificate.server_context(), then=script) as exchange:
        yield exchange


def _table(exchange: Exchange, shown: Certificate, password: str) -> dict[str, Any]:
    return password_auth(exchange.port, shown.authority, name=NAME, password=password)


async def test_a_restart_loop_is_no_lock_out(server_certificate: Certificate, tmp_path: Path, strict: Exchange):
    """However often it is restarted, a wrong password is tried once an hour; a changed one at once."""
    wrong = config(tmp_path, _table(strict, server_certificate, "wrong"))
    async with box(wrong) as here:
        job_id = here.ready()
        assert (await here.deliver(job_id)).state is State.DEFERRED
    for _ in range(5):
        async with box(wrong) as here, here.delivering():
            assert (await here.deliver(here.ready())).state is State.DEFERRED
    assert len(strict.seen.logins) == 1
    async with box(config(tmp_path, _table(strict, server_certificate, "right"))) as here:
        with capture_logs() as logged:
            async with here.delivering():
                job = await here.comes_to(job_id, State.SENT)
        assert job.attempts == 0
        assert here.traffic.pauses() == {}
        assert "route-recovered" in [line["event"] for line in logged]


async def test_a_second_wrong_password_rests_anew(server_certificate: Certificate, tmp_path: Path, strict: Exchange):
    """A change is one new attempt and no more; that its settings have changed is said in the log."""
    for number, password in enumerate(("wrong", "worse", "worse", "worst", "worst"), start=1):
        with capture_logs() as logged:
            async with box(config(tmp_path, _table(strict, server_certificate, password))) as here:
                await here.deliver(here.ready())
                assert here.traffic.pauses()[NAME].faults == 1
        assert ("route-resumed" in [line["event"] for line in logged]) is (number in {2, 4})
    assert len(strict.seen.logins) == 3


async def test_asked_for_it_is_tried_at_once(server_certificate: Certificate, tmp_path: Path, exchange: Exchange):
    """``scangate resume`` makes due what waits for that upstream, and nothing that waits for something else."""
    refused = Script().on(At.MAIL, b"550 5.7.60 SendAsDenied\r\n")
    exchange.then = refused
    async with box(config(tmp_path, _table(exchange, server_certificate, PASSWORD))) as here:
        waits = here.ready()
        assert (await here.deliver(waits)).state is State.DEFERRED
        other = here.ready()
        here.journal.move(other, State.DEFERRED, 0.0, reason="451 later", next_try_at=here.job(waits).next_try_at + 1)
        ask(here.config.gateway.state, "no-such-upstream")
        await here.routes.look()
        assert here.traffic.pauses()[NAME].until > 0
        await here.routes.close()
        exchange.then = Script()
        ask(here.config.gateway.state, NAME)
        async with here.delivering():
            assert (await here.comes_to(waits, State.SENT)).attempts == 0
        assert here.job(other).state is State.DEFERRED


async def test_the_admin_is_warned_a_day_before(
    server_certificate: Certificate, tmp_path: Path, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    """Once a fault, when the first scan has a day left: not before, not again, also not after a restart."""
    clock = Timepiece(monkeypatch)
    exchange.then = Script().on(At.MAIL, b"550 5.7.60 SendAsDenied\r\n")
    settings = config(tmp_path, _table(exchange, server_certificate, PASSWORD))
    said: list[float] = []
    async with box(settings) as here:
        job = await here.deliver(here.ready())
        began_at = clock.now
    for day in (0.0, 3.0, 3.9, 4.0, 4.1, 4.5):
        clock.now = began_at + day * DAY_S
        async with box(settings) as here:
            with capture_logs() as logged:
                await here.routes.look()
                await here.routes.look()
            for line in logged:
                assert (line["event"], line["upstream"], line["waiting"]) == ("route-deadline", NAME, 1)
                said.append(day)
    assert said == [4.0]
    clock.now = job.created_at + 5 * DAY_S
    async with box(settings) as here:
        assert (await here.deliver(job.id)).state is State.FAILED
