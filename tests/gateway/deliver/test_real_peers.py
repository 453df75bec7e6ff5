"""The delivery against the real Postfix and Dovecot: logins, certificates, outages, refusals."""

import asyncio
import email
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver.pool import Pool
from gateway.deliver.replies import CONFIGURED_S
from gateway.deliver.route import Routes
from gateway.spool import files
from gateway.spool.job import Fate, State
from tests.gateway.deliver.given import (
    MESSAGE,
    OFFICE,
    SENDER,
    addresses,
    box,
    config,
    direct,
    password_auth,
    token_auth,
)
from tests.peers.certificates import Certificate, Certificates
from tests.peers.entra import Entra
from tests.peers.loopback import wait_until
from tests.peers.postfix import Postfix

A, B, C = addresses("a@contoso.com", "b@contoso.com", "c@contoso.com")


def _pool(routes: Routes) -> Pool:
    (pool,) = routes._pools.values()
    return pool


def _body(mail: bytes) -> bytes:
    return mail.partition(b"\n\n")[2]


BODY = MESSAGE.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")


async def test_password_login(postfix: Postfix, certificates: Certificates, tmp_path: Path):
    """With the right password a mail reaches the mailbox, its body byte for byte."""
    async with box(config(tmp_path, password_auth(postfix.port, certificates.authority_file))) as opened:
        assert (await opened.deliver(opened.ready())).state is State.SENT
        (mail,) = await postfix.mails_arrive(OFFICE)
        assert _body(mail) == BODY
        assert email.message_from_bytes(mail)["Message-ID"] == "<1@contoso.com>"


async def test_a_wrong_password_is_one_failed_login(postfix: Postfix, certificates: Certificates, tmp_path: Path):
    """Row 21: Dovecot counts one refused login for one connect, and none for the scans that wait behind it."""
    assert postfix.dovecot is not None
    dovecot = postfix.dovecot
    failed_before = dovecot.failed_logins()
    table = password_auth(postfix.port, certificates.authority_file, password="wrong")
    async with box(config(tmp_path, table)) as opened:
        for _ in range(3):
            job = await opened.deliver(opened.ready())
            assert (job.state, job.attempts) == (State.DEFERRED, 0)
        await asyncio.to_thread(
            wait_until, lambda: dovecot.failed_logins() > failed_before, 5, "the refused login in the log"
        )
        assert dovecot.failed_logins() == failed_before + 1
        assert postfix.all_mails() == []


async def test_a_token_of_the_application(postfix: Postfix, certificates: Certificates, entra: Entra, tmp_path: Path):
    """A token fetched by msal logs in by XOAUTH2, and its session carries several mails."""
    table = token_auth(postfix.port, certificates.authority_file, entra.port)
    async with box(config(tmp_path, table)) as opened:
        for _ in range(2):
            assert (await opened.deliver(opened.ready())).state is State.SENT
        assert len(await postfix.mails_arrive(OFFICE, 2)) == 2
        assert len(entra.token_requests) == 1


async def test_a_revoked_token_is_replaced(postfix: Postfix, certificates: Certificates, entra: Entra, tmp_path: Path):
    """A token that was revoked is refused by Dovecot, and a fresh one carries the mail in the same attempt."""
    table = token_auth(postfix.port, certificates.authority_file, entra.port)
    async with box(config(tmp_path, table)) as opened:
        assert (await opened.deliver(opened.ready())).state is State.SENT
        await opened.routes.close()
        entra.revoke()
        assert (await opened.deliver(opened.ready())).state is State.SENT
        assert len(entra.token_requests) == 2
        assert opened.traffic.pauses() == {}


async def test_a_token_for_another_mailbox_pauses_the_route(
    postfix: Postfix, certificates: Certificates, entra: Entra, tmp_path: Path
):
    """A token that is not for the mailbox is renewed once, and then the route pauses for a person."""
    entra.mailbox = "other@contoso.com"
    table = token_auth(postfix.port, certificates.authority_file, entra.port)
    async with box(config(tmp_path, table)) as opened:
        job = await opened.deliver(opened.ready())
        assert (job.state, job.attempts) == (State.DEFERRED, 0)
        assert job.reason.startswith("535 5.7.8")
        assert len(entra.token_requests) == 2
        pause = opened.traffic.pauses()["client-auth"]
        assert pause.until - job.changed_at == pytest.approx(CONFIGURED_S, abs=5)


def _relay(port: int, authority: Path, **keys: Any) -> dict[str, Any]:
    return {"method": "relay", "host": "localhost", "port": port, "ca_file": str(authority)} | keys


async def test_a_connector_by_certificate(certificates: Certificates, server_certificate: Certificate, tmp_path: Path):
    """A server that relays for a known certificate takes the mail with it, and refuses without."""
    shown = certificates.client("gateway.contoso.com")
    authority = certificates.authority_file
    postfix = await asyncio.to_thread(Postfix, server_certificate, client_authority=authority)
    try:
        files = {"certificate_file": str(shown.chain), "key_file": str(shown.key)}
        async with box(config(tmp_path / "with", _relay(postfix.port, authority, **files))) as opened:
            assert (await opened.deliver(opened.ready())).state is State.SENT
        await postfix.mails_arrive(OFFICE)
        async with box(config(tmp_path / "without", _relay(postfix.port, authority))) as opened:
            assert (await opened.deliver(opened.ready())).state is not State.SENT
        assert len(postfix.all_mails()) == 1
    finally:
        await asyncio.to_thread(postfix.close)


@pytest.fixture
def connector(server_certificate: Certificate):
    """A Postfix without login that may be stopped; it refuses b@contoso.com."""
    parameters = {"smtpd_recipient_restrictions": "check_recipient_access inline:{{b@contoso.com=550 5.1.10 not here}}"}
    with Postfix(server_certificate, parameters=parameters) as running:
        yield running


async def test_an_outage_is_waited_out(connector: Postfix, certificates: Certificates, tmp_path: Path):
    """Row 1: While the smarthost is down a job waits and loses no attempt; once it is up the mail arrives, once."""
    async with (
        box(config(tmp_path, direct(connector.port, certificates.authority_file))) as opened,
        opened.delivering(),
    ):
        await asyncio.to_thread(connector.stop)
        job_id = opened.ready()
        opened.deliverer.wake.set()
        waiting = await opened.comes_to(job_id, State.DEFERRED)
        assert "cannot be reached" in waiting.reason
        await asyncio.to_thread(
            wait_until, lambda: opened.traffic.pauses()["direct-send"].faults >= 2, 10, "a second probe"
        )
        await asyncio.to_thread(connector.start)
        job = await opened.comes_to(job_id, State.SENT)
        assert (job.attempts, job.is_uncertain) == (0, False)
        assert opened.traffic.pauses() == {}
        assert len(await connector.mails_arrive(OFFICE)) == 1


async def test_one_of_three_recipients(connector: Postfix, certificates: Certificates, tmp_path: Path):
    """Row 23: Of three recipients one is refused: two mailboxes have it once, one person is told, nobody twice."""
    async with box(config(tmp_path, direct(connector.port, certificates.authority_file))) as opened:
        job_id = opened.ready(A, B, C)
        job = await opened.deliver(job_id)
        assert job.state is State.FAILED
        assert [r.fate for r in job.recipients] == [Fate.SENT, Fate.FAILED, Fate.SENT]
        for address in (A, C):
            assert len(await connector.mails_arrive(address)) == 1
        assert opened.teller.tell_all() == 1
        notice = opened.journal.due((State.READY,), job.changed_at + 60, 9)
        assert [(await opened.deliver(one.id)).state for one in notice] == [State.SENT]
        (told,) = await connector.mails_arrive("it@contoso.com")
        assert b"but not b@contoso.com" in told.replace(b"=\n", b"")
        assert len(connector.mails(A)) == len(connector.mails(C)) == 1
        assert connector.mails(B) == []


async def test_a_session_serves_many(connector: Postfix, certificates: Certificates, tmp_path: Path):
    """A queue goes over the pool's sessions: none opened beyond the limit, none left over."""
    table = direct(connector.port, certificates.authority_file, connections=2)
    async with box(config(tmp_path, table)) as opened:
        jobs = [opened.ready() for _ in range(6)]
        done = await asyncio.gather(*(opened.deliver(job) for job in jobs))
        assert {job.state for job in done} == {State.SENT}
        assert len(await connector.mails_arrive(OFFICE, 6)) == 6
        assert len(_pool(opened.routes)._idle) == 2


async def test_row_17_a_throttled_pool_shrinks(
    server_certificate: Certificate, certificates: Certificates, tmp_path: Path
):
    """Row 17: after 432 4.3.2 of a real Postfix one connection is used, and what waited arrives over it, once each."""
    throttled = "check_recipient_access inline:{{b@contoso.com=432 4.3.2 Concurrent connections limit exceeded}}"
    with Postfix(server_certificate, parameters={"smtpd_recipient_restrictions": throttled}) as postfix:
        table = direct(postfix.port, certificates.authority_file, connections=3)
        async with box(config(tmp_path, table)) as opened:
            job = await opened.deliver(opened.ready(B))
            assert (job.state, job.attempts) == (State.DEFERRED, 0)
            pause = opened.traffic.pauses()["direct-send"]
            assert (pause.kind, opened.routes.room("direct-send")) == ("connections", 2)
            assert pause.until - job.changed_at == pytest.approx(60, abs=5)
            opened.traffic.pause("direct-send", replace(pause, until=0.0))
            done = await asyncio.gather(*(opened.deliver(opened.ready(A)) for _ in range(4)))
            assert {job.state for job in done} == {State.SENT}
            assert len(await postfix.mails_arrive(A, 4)) == 4
            assert len(_pool(opened.routes)._idle) == 1


async def test_a_relay_is_never_offered_the_empty_sender(
    server_certificate: Certificate, certificates: Certificates, tmp_path: Path
):
    """Every mail, and the notice of a failure too, names the configured sender: Exchange relays none without by IP."""
    postfix = await asyncio.to_thread(Postfix, server_certificate)
    try:
        async with box(config(tmp_path, _relay(postfix.port, certificates.authority_file))) as opened:
            failed = opened.ready()
            opened.journal.fail_pending(failed, 0.0, "refused")
            files.move_aside(opened.spool.jobs / failed, opened.spool.failed)
            await asyncio.to_thread(opened.teller.tell_all)
            (notice,) = opened.journal.jobs()
            assert (await opened.deliver(notice.id)).state is State.SENT
            assert (await opened.deliver(opened.ready())).state is State.SENT
        await postfix.mails_arrive(OFFICE)
        assert "from=<>" not in postfix.log_text()
        assert postfix.log_text().count(f"from=<{SENDER}>") >= 2
    finally:
        await asyncio.to_thread(postfix.close)
