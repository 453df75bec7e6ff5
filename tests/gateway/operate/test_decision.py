"""``scangate retry`` and ``scangate drop``: what each says of every state, and that both work on a stopped box."""

import json
import time
from pathlib import Path

import pytest

from gateway.operate.decision import DROPPED, UndecidableError, UnknownJobError, drop, retry
from gateway.operate.exits import Exit
from gateway.operate.records import NothingYetError
from gateway.spool.job import JobId, State
from tests.gateway.command import Place, place, scangate
from tests.gateway.operate.given import Desk, desk


def _held(on: Desk) -> JobId:
    job_id = on.job()
    on.journal.move(job_id, State.SENDING, time.time())
    on.journal.mark_uncertain(job_id, time.time(), "lost")
    on.journal.move(job_id, State.HELD, time.time(), reason="it may have been taken")
    return job_id


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A box that does not run."""
    return place(tmp_path)


def test_held_is_shown_and_sent_again(here: Place):
    """A held scan stands in queue and status with its reason; retry makes it due, and the next run delivers it."""
    with desk(here.state) as on:
        job_id = _held(on)
    shown = scangate("status", "--config", here.config)
    assert shown.returncode == Exit.NOT_ALL
    assert "Held:      1 of them, until you say retry or drop" in shown.stdout
    assert json.loads(scangate("status", "--json", "--config", here.config).stdout)["needs_person"] is True
    assert "it may have been taken" in scangate("queue", "--config", here.config).stdout
    said = scangate("retry", job_id, "--config", here.config)
    assert (said.returncode, said.stdout) == (Exit.OK, f"{job_id} is sent again, when the service runs again\n")
    assert f"job={job_id} event=job-released" in said.stderr
    assert scangate("run", "--once", "--config", here.config).returncode == Exit.OK
    assert len(here.mails) == 1


def test_dropped_is_kept_and_not_sent(here: Place):
    """A dropped scan is not sent by the next run, its files are kept, and the log line names them."""
    with desk(here.state) as on:
        job_id = _held(on)
    kept = here.state / "spool" / "failed" / job_id
    said = scangate("drop", job_id, "--config", here.config)
    assert said.returncode == Exit.OK
    assert str(kept) in said.stdout
    assert f"job={job_id} event=job-dropped" in said.stderr
    assert (kept / "message.eml").is_file()
    scangate("run", "--once", "--config", here.config)
    assert here.mails == []
    assert DROPPED in scangate("show", job_id, "--config", here.config).stdout


def test_what_does_not_wait_is_left_alone(here: Place):
    """A scan in any other state is not touched: the sentence says why, with the exit code for it."""
    with desk(here.state) as on:
        sending = on.job()
        on.journal.move(sending, State.SENDING, time.time())
        jobs = {
            on.job(message=None): "is on its way",
            on.job(): "is on its way",
            sending: "is being sent",
            on.sent(): "has been sent",
            on.failed(): "has ended",
            on.failed(State.QUARANTINE): "has ended",
        }
        for job_id, why in jobs.items():
            before = on.journal.job(job_id)
            for word in (retry, drop):
                with pytest.raises(UndecidableError, match=why):
                    word(here.state, job_id)
            assert on.journal.job(job_id) == before
        waiting = on.deferred()
        retry(here.state, waiting)
        assert on.journal.due((State.DEFERRED,), time.time(), 9)[0].id == waiting
        drop(here.state, waiting)
    assert scangate("drop", sending, "--config", here.config).returncode == Exit.NOT_ALL


@pytest.mark.parametrize("named", ["20261123T090257Z-k7q2", "..", "../../etc", "", "x" * 500])
def test_an_unknown_job(here: Place, named: str):
    """What is no job is named in the sentence, and nothing outside of the spool is ever touched."""
    with pytest.raises(NothingYetError):
        retry(here.state, named)
    with desk(here.state):
        for word in (retry, drop):
            with pytest.raises(UnknownJobError, match="there is no job"):
                word(here.state, named)
    assert scangate("retry", named, "--config", here.config).returncode == Exit.UNKNOWN_JOB
