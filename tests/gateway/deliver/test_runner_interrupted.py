"""A fault of this box in the middle of a delivery: what the host has said is not forgotten, and nothing gets stuck."""

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver.route import Routes
from gateway.spool.job import State
from gateway.spool.traffic import Pause, Traffic
from tests.gateway.deliver.given import box, config, direct, password_auth
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange
from tests.peers.script import At, Script

FULL = sqlite3.OperationalError("database or disk is full")


def _full(*_values: Any, **_facts: Any) -> None:
    raise FULL


async def test_a_receipt_outlives_the_bookkeeping(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A 250 counts though the journal does not take that the upstream works again: the job is sent, not sent twice."""
    async with (
        Exchange(server_certificate.server_context(), needs_login=False) as exchange,
        box(config(tmp_path, direct(exchange.port, server_certificate.authority))) as here,
    ):
        here.traffic.pause("direct-send", Pause(1.0, 1, "421 4.3.2 busy", ""))
        monkeypatch.setattr(Traffic, "resume", _full)
        job = await here.deliver(here.ready())
        assert (job.state, job.is_uncertain) == (State.SENT, False)
        assert list(here.traffic.pauses()) == ["direct-send"]
        monkeypatch.undo()
        await here.deliver(here.ready())
        assert here.traffic.pauses() == {}
        assert len(exchange.messages) == 2


async def test_a_fault_between_two_upstreams_leaves_the_job_due(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A job that one upstream has taken and a fault kept from the other is deferred, with the reason, and not stuck."""
    async with Exchange(server_certificate.server_context()) as exchange:
        authority = server_certificate.authority
        upstreams = (direct(exchange.port, authority), password_auth(exchange.port, authority))
        async with (
            Exchange(server_certificate.server_context(), needs_login=False) as endpoint,
            box(config(tmp_path, direct(endpoint.port, authority), upstreams[1])) as here,
        ):
            offer = Routes.offer

            async def breaks(self: Routes, name: str, *facts: Any) -> Any:
                if name == "client-auth":
                    raise OSError(5, "Input/output error")
                return await offer(self, name, *facts)

            monkeypatch.setattr(Routes, "offer", breaks)
            job = await here.deliver(here.ready("a@contoso.com", "b@elsewhere.org"))
            assert (job.state, job.is_uncertain) == (State.DEFERRED, False)
            assert "Input/output error" in job.reason
            assert job.pending == ("b@elsewhere.org",)
            assert len(endpoint.messages) == 1


async def test_a_message_that_cannot_be_read_ends_with_its_lifetime(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A job that this box cannot even offer waits no longer than its lifetime, then fails, and is told."""

    async def breaks(*_values: Any) -> None:
        raise OSError(5, "Input/output error")

    async with box(config(tmp_path, direct(25, server_certificate.authority))) as here:
        monkeypatch.setattr(Routes, "offer", breaks)
        young = await here.deliver(here.ready())
        old = await here.deliver(here.ready(created_at=datetime.now(UTC) - timedelta(days=30)))
        assert (young.state, old.state) == (State.DEFERRED, State.FAILED)
        assert [job.id for job in here.journal.untold(10)] == [old.id]


async def test_a_wrong_password_is_said_once(server_certificate: Certificate, tmp_path: Path):
    """However many mails wait for a session, a refused login is tried once, and counts as one fault."""
    refused = Script().on(
        At.AUTH_DONE, b"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect\r\n"
    )
    async with (
        Exchange(server_certificate.server_context(), then=refused) as exchange,
        box(config(tmp_path, password_auth(exchange.port, server_certificate.authority))) as here,
    ):
        ids = [here.ready() for _ in range(8)]
        async with here.delivering():
            here.deliverer.wake.set()
            for job_id in ids:
                await here.comes_to(job_id, State.DEFERRED)
        assert len(exchange.seen.logins) == 1
        (pause,) = here.traffic.pauses().values()
        assert pause.faults == 1


async def test_a_pause_from_a_clock_gone_wrong_is_over(server_certificate: Certificate, tmp_path: Path):
    """A pause that ends in years was written while the clock was wrong: the upstream is tried now."""
    async with (
        Exchange(server_certificate.server_context(), needs_login=False) as exchange,
        box(config(tmp_path, direct(exchange.port, server_certificate.authority))) as here,
    ):
        here.traffic.pause("direct-send", Pause(time.time() + 3 * 365 * 86400, 1, "said", ""))
        assert (await here.deliver(here.ready())).state is State.SENT


async def test_an_end_that_cannot_be_finished_on_disk_stands(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A refused job whose directory cannot be moved aside has failed all the same, is told, and stops nobody."""
    script = Script().on(At.RCPT, b"550 5.1.10 RecipientNotFound\r\n")

    def broken(*_values: Any) -> None:
        raise OSError(5, "Input/output error")

    async with (
        Exchange(server_certificate.server_context(), script, needs_login=False) as exchange,
        box(config(tmp_path, direct(exchange.port, server_certificate.authority))) as here,
    ):
        monkeypatch.setattr("gateway.spool.files.move_aside", broken)
        job = await here.deliver(here.ready())
        assert job.state is State.FAILED
        assert [untold.id for untold in here.journal.untold(10)] == [job.id]
