"""Faults of our own machine while a job is being delivered: nothing is lost, nothing is sent twice, nothing spins."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gateway.deliver import closing, runner
from gateway.spool.job import State
from tests.gateway.deliver.given import addresses, box, config, direct
from tests.peers.certificates import Certificate
from tests.peers.exchange import Exchange

A, B = addresses("a@contoso.com", "b@contoso.com")


def _direct_box(tmp_path: Path, exchange: Exchange, shown: Certificate) -> Any:
    """A box with a direct-send upstream to this exchange."""
    return box(config(tmp_path, direct(exchange.port, shown.authority)))


async def test_what_the_host_said_outlives_a_full_disk(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A receipt the journal cannot take is written as soon as it can: no second mail, no job stuck in sending."""
    monkeypatch.setattr(runner, "LOCAL_FAULT_S", 0.02)
    monkeypatch.setattr(closing, "LOCAL_FAULT_S", 0.02)
    failures = ["first", "second"]

    def failing(*values: Any, **facts: Any) -> Any:
        if failures:
            failures.pop()
            raise sqlite3.OperationalError("database or disk is full")
        return really(*values, **facts)

    async with (
        Exchange(server_certificate.server_context(), needs_login=False) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
        box.delivering(),
    ):
        really = box.journal.record
        monkeypatch.setattr(box.journal, "record", failing)
        job_id = box.ready()
        box.deliverer.wake.set()
        await box.comes_to(job_id, State.SENT)
        assert failures == []
        assert len(exchange.messages) == 1


async def test_a_full_disk_before_the_dot_sends_nothing(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """When sending cannot be noted the host gets no message; the job rests, and goes out once there is room."""
    async with (
        Exchange(server_certificate.server_context(), needs_login=False) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
    ):
        job_id = box.ready()

        def full(*_values: Any, **_facts: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patched:
            for name in ("begin_sending", "move"):
                patched.setattr(box.journal, name, full)
            assert (await box.deliver(job_id)).state is State.READY
        assert exchange.messages == []
        assert job_id in box.deliverer._resting
        assert (await box.deliver(job_id)).state is State.SENT


async def test_a_fault_of_ours_costs_one_job_and_never_spins(
    server_certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An unforeseen error quarantines its job; when not even that works the job rests and the station lives on."""
    async with (
        Exchange(server_certificate.server_context(), needs_login=False) as exchange,
        _direct_box(tmp_path, exchange, server_certificate) as box,
    ):
        first, second = box.ready(A), box.ready(B)

        async def breaks(*_values: Any) -> None:
            raise RuntimeError("a fault of ours")

        def full(*_values: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(type(box.routes), "offer", lambda _self, *values: breaks(*values))
            assert (await box.deliver(first)).state is State.QUARANTINE
            patched.setattr(box.journal, "fail_pending", full)
            assert (await box.deliver(second)).state is State.READY
        assert second in box.deliverer._resting
        assert "a fault of ours" in box.job(first).reason
