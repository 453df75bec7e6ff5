"""One offer to one upstream: its pauses, its probes, its pace."""

import asyncio
import time
from pathlib import Path

import pytest

from gateway.deliver.replies import CONFIGURED_S, LOCKOUT_S
from gateway.deliver.tls import CertificateError
from gateway.spool.job import State
from gateway.spool.reply import Deferral, Receipt, Scope
from gateway.spool.traffic import Pause
from tests.gateway.deliver.given import OFFICE, Box, box, config, direct, token_auth
from tests.gateway.deliver.offering import NAME, at_fault, logged_in, offer
from tests.peers.certificates import Certificate
from tests.peers.entra import Entra
from tests.peers.exchange import Exchange
from tests.peers.loopback import free_port, until
from tests.peers.script import At, Healthy, Script, Wait
from tests.peers.tokens import SECRET_EXPIRED


def _end_pause(box: Box) -> None:
    """Let the rest of the route be over, without the wait."""
    pause = box.traffic.pauses()[NAME]
    box.traffic.pause(NAME, Pause(0.0, pause.faults, pause.said, pause.advice))


async def test_a_wrong_password_pauses_for_an_hour(server_certificate: Certificate, tmp_path: Path):
    """A wrong password is tried once, and then not for an hour, however many scans wait: no lock-out."""
    reply = b"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.\r\n"
    async with (
        Exchange(server_certificate.server_context(), then=Script().on(At.AUTH_DONE, reply)) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        pause = await at_fault(box, LOCKOUT_S)
        assert "password_file" in pause.advice
        offers = await asyncio.gather(*(offer(box) for _ in range(5)))
        assert {made.next_try_at for made in offers} == {pause.until}
        assert len(exchange.seen.logins) == exchange.seen.connections == 1
        assert box.traffic.pauses()[NAME].faults == 1


@pytest.mark.parametrize(
    ("at", "reply", "pause_s"),
    [
        (At.AUTH_DONE, b"535 5.7.3 Authentication unsuccessful\r\n", CONFIGURED_S),
        (At.MAIL, b"550 5.7.999 unheard of\r\n", CONFIGURED_S),
        (At.DOT, b"554 5.2.252 SendAsDenied; no\r\n", CONFIGURED_S),
        (At.DATA, b"432 4.3.2 Concurrent connections limit exceeded\r\n", 60.0),
        (At.MAIL, b"421 4.4.2 Message submission rate for this client has exceeded the limit\r\n", 60.0),
        (At.DOT, b"451 4.7.500 Server busy. Please try again later (AS843)\r\n", 300.0),
        (At.DOT, b"554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException\r\n", 900.0),
        (At.BANNER, b"421 4.3.2 Service not active\r\n", 0.1),
    ],
)
async def test_a_fault_pauses_as_long_as_it_must(
    server_certificate: Certificate, tmp_path: Path, at: At, reply: bytes, pause_s: float
):
    """Each kind of fault of the route rests it by its own measure."""
    async with (
        Exchange(server_certificate.server_context(), then=Script().on(at, reply)) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        pause = await at_fault(box, pause_s)
        assert pause.said == reply.decode().strip()


async def test_unsafe_is_for_a_person(tmp_path: Path, server_certificate: Certificate):
    """A host without STARTTLS pauses the route as a fault of configuration, and gets nothing."""
    async with Exchange(None) as exchange, logged_in(tmp_path, exchange, server_certificate) as box:
        pause = await at_fault(box, CONFIGURED_S)
        assert "no STARTTLS" in pause.said
        assert exchange.seen.count("MAIL") == 0


async def test_an_expired_secret_pauses_before_any_connection_is_used(
    tmp_path: Path, server_certificate: Certificate, exchange: Exchange, entra: Entra
):
    """Without a token nothing is said to the smarthost; the pause names the secret."""
    entra.refuse(SECRET_EXPIRED)
    table = token_auth(exchange.port, server_certificate.authority, entra.port, name=NAME)
    async with box(config(tmp_path, table)) as opened:
        pause = await at_fault(opened, LOCKOUT_S)
        assert "client_secret_file" in pause.advice
        assert exchange.seen.logins == []


async def test_faults_in_a_row_rest_longer(server_certificate: Certificate, tmp_path: Path):
    """A probe that fails doubles the rest, up to an hour."""
    reply = b"535 5.7.3 Authentication unsuccessful\r\n"
    async with (
        Exchange(server_certificate.server_context(), then=Script().on(At.AUTH_DONE, reply)) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        for rest_s in (900.0, 1800.0, 3600.0, 3600.0):
            await at_fault(box, rest_s)
            _end_pause(box)


async def test_one_probe_at_a_time(server_certificate: Certificate, tmp_path: Path):
    """When a pause is over one job tries the route; if it fails the others wait on without having tried."""
    reply = b"535 5.7.3 Authentication unsuccessful\r\n"
    async with (
        Exchange(server_certificate.server_context(), then=Script().on(At.AUTH_DONE, reply)) as exchange,
        logged_in(tmp_path, exchange, server_certificate, connections=3) as box,
    ):
        await at_fault(box, 900)
        _end_pause(box)
        offers = await asyncio.gather(*(offer(box) for _ in range(6)))
        assert exchange.seen.connections == 2
        assert len({made.next_try_at for made in offers}) == 1


async def test_a_success_ends_the_fault(server_certificate: Certificate, tmp_path: Path):
    """When the probe gets through the route is well again, and the count of faults begins anew."""
    refused = Script().on(At.AUTH_DONE, b"535 5.7.3 Authentication unsuccessful\r\n")
    async with (
        Exchange(server_certificate.server_context(), refused) as exchange,
        logged_in(tmp_path, exchange, server_certificate) as box,
    ):
        await at_fault(box, 900)
        _end_pause(box)
        offers = await asyncio.gather(*(offer(box) for _ in range(4)))
        assert all(isinstance(made.verdicts[OFFICE], Receipt) for made in offers)
        assert box.traffic.pauses() == {}


async def test_the_recipient_of_another_scan_is_not_named(server_certificate: Certificate, tmp_path: Path, exchange):
    """What was said of the scan that found a route at fault is told of those that wait, without its recipients."""
    async with logged_in(tmp_path, exchange, server_certificate) as box:
        said = f"550 5.7.1 <boss@contoso.com> and <{OFFICE}>: relay denied"
        box.traffic.pause(NAME, Pause(time.time() + 500, 1, said, "mend it"))
        made = await offer(box)
        assert made.verdicts == {
            OFFICE: Deferral(f"550 5.7.1 <(an address)> and <{OFFICE}>: relay denied", Scope.ROUTE)
        }


async def test_a_pause_survives_a_restart(server_certificate: Certificate, tmp_path: Path, exchange: Exchange):
    """A route that rests rests on after a restart: a restart is no new attempt at a wrong password."""
    async with logged_in(tmp_path, exchange, server_certificate) as box:
        box.traffic.pause(NAME, Pause(time.time() + 500, 1, "535 no", "mend it"))
    async with logged_in(tmp_path, exchange, server_certificate) as again:
        made = await offer(again)
        assert made.verdicts == {OFFICE: Deferral("535 no", Scope.ROUTE)}
        assert exchange.seen.connections == 0


async def test_the_pace_is_kept(server_certificate: Certificate, tmp_path: Path, exchange: Exchange):
    """The message over the minute's limit never reaches the host: it waits until the minute has room."""
    async with logged_in(tmp_path, exchange, server_certificate, messages_per_minute=3) as box:
        before = time.time()
        offers = await asyncio.gather(*(offer(box) for _ in range(5)))
        paced = [made for made in offers if isinstance(made.verdicts[OFFICE], Deferral)]
        assert len(exchange.messages) == 3
        assert len(paced) == 2
        for made in paced:
            assert "3 messages a minute" in made.verdicts[OFFICE].said
            assert before + 59 <= made.next_try_at <= time.time() + 61
        assert box.traffic.pauses() == {}


async def test_the_days_count_survives_a_restart(server_certificate: Certificate, tmp_path: Path, exchange: Exchange):
    """Recipients of the last 24 hours count after a restart too."""
    for number in range(2):
        async with logged_in(tmp_path, exchange, server_certificate, recipients_per_day=1) as box:
            made = await offer(box)
            assert isinstance(made.verdicts[OFFICE], Deferral) is bool(number)
    assert made.next_try_at > time.time() + 86_000
    assert len(exchange.messages) == 1


async def test_a_connection_that_fails_counts_no_message(server_certificate: Certificate, tmp_path: Path):
    """An outage uses up nothing of the limits."""
    async with box(config(tmp_path, direct(free_port(), server_certificate.authority, name=NAME))) as opened:
        await offer(opened)
        assert opened.traffic.transfers(NAME, 0) == []


async def test_other_upstreams_go_on(server_certificate: Certificate, tmp_path: Path):
    """A host that hangs holds up its own jobs only."""
    held = asyncio.Event()
    hanging = Script().on(At.BANNER, Wait(held), Healthy())
    async with (
        Exchange(server_certificate.server_context(), then=hanging, needs_login=False) as stuck,
        Exchange(server_certificate.server_context(), needs_login=False) as well,
    ):
        first = direct(stuck.port, server_certificate.authority, name="stuck")
        second = direct(well.port, server_certificate.authority, name="well", domains=["fabrikam.com"])
        async with box(config(tmp_path, first, second)) as opened, opened.delivering():
            waits, goes = opened.ready(OFFICE), opened.ready("a@fabrikam.com")
            opened.deliverer.wake.set()
            await opened.comes_to(goes, State.SENT)
            assert opened.job(waits).state is State.READY
            held.set()
            await opened.comes_to(waits, State.SENT)


async def test_prepare_names_an_unusable_file(tmp_path: Path):
    """An upstream whose certificate cannot be used stops the start with its name."""
    with pytest.raises(CertificateError, match="ca_file: "):
        async with box(config(tmp_path, direct(25, tmp_path / "none.pem"))):
            pass


async def test_idle_sessions_are_closed(server_certificate: Certificate, tmp_path: Path, exchange: Exchange):
    """Close ends every idle session with a goodbye."""
    async with logged_in(tmp_path, exchange, server_certificate) as box:
        await offer(box)
        await box.routes.close_idle()
        assert exchange.seen.open_now == 1
        await box.routes.close()
        await until(lambda: exchange.seen.open_now == 0, 5, "closed")
        assert exchange.seen.verbs()[-1] == "QUIT"


async def test_a_maildir_that_cannot_be_written_is_at_fault_like_any_route(tmp_path: Path):
    """A Maildir that cannot be written pauses with a reason that status shows, and works again once it can be."""
    in_the_way = tmp_path / "mail"
    in_the_way.write_text("a file")
    async with box(config(tmp_path, {"method": "maildir", "name": NAME, "path": str(in_the_way)})) as opened:
        job_id = opened.ready()
        job = await opened.deliver(job_id)
        assert (job.state, job.attempts) == (State.DEFERRED, 0)
        assert f"{in_the_way} cannot be written" in job.reason
        assert "path" in opened.traffic.pauses()[NAME].advice
        in_the_way.unlink()
        _end_pause(opened)
        assert (await opened.deliver(job_id)).state is State.SENT
        assert opened.traffic.pauses() == {}
