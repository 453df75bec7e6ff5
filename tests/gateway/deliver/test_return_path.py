"""What stands in MAIL FROM of a scan and of a notice, by each method, as the peer sees it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver.upstream import assign
from gateway.spool import files
from gateway.spool.job import JobId, State, notice_id
from gateway.spool.traffic import Pause
from tests.gateway.deliver.given import ADMIN, OFFICE, SENDER, Box, addresses, box, config, direct, password_auth
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.postfix import Postfix
from tests.peers.script import At, Script


def _relay(port: int, authority: Path, shown: Certificate | None = None) -> dict[str, Any]:
    table = {"method": "relay", "host": "localhost", "port": port, "ca_file": str(authority)}
    return table | ({} if shown is None else {"certificate_file": str(shown.chain), "key_file": str(shown.key)})


def _notice(here: Box) -> JobId:
    """A scan has failed and its notice is ready."""
    job_id = here.ready()
    here.journal.fail_pending(job_id, datetime.now(UTC).timestamp(), "550 no")
    files.move_aside(here.spool.jobs / job_id, here.spool.failed)
    here.teller.tell_all()
    return notice_id(job_id)


@pytest.mark.parametrize("method", ["client-auth", "direct-send", "relay by address", "relay by certificate"])
async def test_each_method_says_what_it_may(
    method: str, tmp_path: Path, server_certificate: Certificate, app_certificate: Certificate
):
    """A scan comes from the mailbox always; its notice from nobody only where the connector knows us by certificate."""
    async with Exchange(server_certificate.server_context(), needs_login=method == "client-auth") as exchange:
        authority = server_certificate.authority
        upstream = {
            "client-auth": password_auth(exchange.port, authority),
            "direct-send": direct(exchange.port, authority),
            "relay by address": _relay(exchange.port, authority),
            "relay by certificate": _relay(exchange.port, authority, app_certificate),
        }[method]
        async with box(config(tmp_path, upstream)) as here:
            assert (await here.deliver(here.ready())).state is State.SENT
            assert (await here.deliver(_notice(here))).state is State.SENT
        expected = "" if method == "relay by certificate" else SENDER
        assert [message.sender for message in exchange.seen.messages] == [SENDER, expected]


async def test_a_maildir_notes_the_null_return_path(tmp_path: Path):
    """The file shows the envelope as it is."""
    async with box(config(tmp_path, {"method": "maildir", "path": str(tmp_path / "mail")})) as here:
        await here.deliver(_notice(here))
        (mail,) = (tmp_path / "mail" / "new").iterdir()
        assert mail.read_bytes().startswith(b"Return-Path: <>\r\nDelivered-To: it@contoso.com\r\n")


@pytest.mark.parametrize("at", [At.MAIL, At.RCPT])
async def test_a_null_return_path_that_is_refused_pauses_nothing(
    at: At, tmp_path: Path, server_certificate: Certificate, app_certificate: Certificate
):
    """Where the connector will not have it the notice goes from the mailbox, in the same session."""
    first = Script().on(at, b"550 5.7.1 null sender not allowed\r\n", nth=1)
    async with Exchange(server_certificate.server_context(), first, needs_login=False) as exchange:
        table = _relay(exchange.port, server_certificate.authority, app_certificate)
        async with box(config(tmp_path, table)) as here:
            assert (await here.deliver(_notice(here))).state is State.SENT
            assert here.traffic.pauses() == {}
        assert [message.sender for message in exchange.seen.messages] == [SENDER]
        assert exchange.seen.connections == 1


async def test_a_real_postfix_takes_it(tmp_path: Path, server_certificate: Certificate, app_certificate: Certificate):
    """Postfix relays by certificate what has a null return path, and says so in the mail."""
    with Postfix(server_certificate, client_authority=app_certificate.authority) as endpoint:
        table = _relay(endpoint.port, server_certificate.authority, app_certificate)
        async with box(config(tmp_path, table)) as here:
            await here.deliver(_notice(here))
        (mail,) = await endpoint.mails_arrive(ADMIN)
        assert b"Return-Path: <>\n" in mail


async def test_a_notice_passes_over_an_upstream_at_rest(tmp_path: Path, server_certificate: Certificate):
    """It holds no scan, and is about what is at fault: it takes the next way that leads to its recipient, if any."""
    async with Exchange(server_certificate.server_context(), needs_login=False) as exchange:
        first = password_auth(1, server_certificate.authority, name="first")
        second = direct(exchange.port, server_certificate.authority, name="second")
        async with box(config(tmp_path, first, second)) as here:
            here.traffic.pause("first", Pause(datetime.now(UTC).timestamp() + 900, 1, "535 no", "mend it"))
            assert (await here.deliver(_notice(here))).state is State.SENT
            assert (await here.deliver(here.ready())).state is State.DEFERRED
        assert [message.recipients for message in exchange.seen.messages] == [(ADMIN,)]


def test_what_is_passed_over_is_so_for_whom_another_may_carry():
    """Recipients whom only the resting upstream may carry wait for it."""
    authority = Path("/ca.pem")
    ways = config(Path("/nowhere"), password_auth(587, authority, name="first"), direct(25, authority, name="second"))
    (elsewhere,) = addresses("a@fabrikam.com")
    groups, stranded = assign(ways, (OFFICE, elsewhere), {"first": 1.0})
    assert groups == {"second": (OFFICE,), "first": (elsewhere,)}
    assert stranded == ()
