"""on_uncertain = "hold" with two upstreams: what one may have taken stays held, whatever becomes of the other."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from conf.model import Address
from gateway.operate import decision
from gateway.spool.job import JobId, State
from gateway.spool.journal import Journal
from tests.gateway.deliver.given import addresses, box, config, direct, password_auth
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.loopback import until
from tests.peers.script import At, Drop, Script

LOST: Final = Script().on(At.DOT, Drop())
HOLD: Final = {"first_retry": "100ms", "longest_retry": "400ms", "on_uncertain": "hold"}


async def test_a_fault_at_a_later_upstream_holds(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What one upstream may have taken is held too when a fault of this box ends the attempt at the next one."""
    whom = addresses("a@contoso.com", "b@fabrikam.com")
    begin_sending = Journal.begin_sending

    def full(self: Journal, job_id: JobId, now: float, upstream: str, recipients: Iterable[Address]) -> None:
        if upstream == "second":
            raise sqlite3.OperationalError("database or disk is full")
        begin_sending(self, job_id, now, upstream, recipients)

    async with (
        Exchange(server_certificate.server_context(), then=LOST, needs_login=False) as first,
        Exchange(server_certificate.server_context()) as second,
        box(
            config(
                tmp_path,
                direct(first.port, server_certificate.authority, name="first"),
                password_auth(second.port, server_certificate.authority, name="second"),
                delivery=HOLD,
            )
        ) as opened,
    ):
        job_id = opened.ready(*whom)
        with monkeypatch.context() as patched:
            patched.setattr(Journal, "begin_sending", full)
            job = await opened.deliver(job_id)
        assert (job.state, job.is_uncertain) == (State.HELD, True)
        assert (len(first.messages), second.messages) == (1, [])
        await until(opened.failed.is_set, 5, "the telling is poked")


async def test_a_dropped_scan_was_refused_by_nobody(server_certificate: Certificate, tmp_path: Path):
    """What a person drops names no upstream: none has refused it, and "scangate show" must not read so."""
    async with (
        Exchange(server_certificate.server_context(), then=LOST, needs_login=False) as exchange,
        box(config(tmp_path, direct(exchange.port, server_certificate.authority), delivery=HOLD)) as opened,
    ):
        job = await opened.deliver(opened.ready())
        assert job.recipients[0].upstream == "direct-send"
        decision.drop(opened.config.gateway.state, job.id)
        (recipient,) = opened.job(job.id).recipients
        assert (recipient.upstream, recipient.reply) == ("", decision.DROPPED)
