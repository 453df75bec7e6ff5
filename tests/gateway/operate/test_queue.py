"""The queue and one job of it, as an operator reads them."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from gateway.operate.queue import show_job, show_queue
from gateway.operate.records import as_json, moment
from gateway.spool.job import JobId, State
from tests.gateway.deliver.given import OFFICE
from tests.gateway.operate.given import Desk, console, desk, printed


@pytest.fixture
def here(tmp_path: Path):
    """An open state directory."""
    with desk(tmp_path / "state") as opened:
        yield opened


def _queue(here: Desk, *, is_json: bool = False, width: int = 80) -> str:
    on = console(width)
    show_queue(here.journal, on, is_json=is_json)
    return printed(on)


def _show(here: Desk, job_id: JobId, *, is_json: bool = False) -> str:
    on = console()
    assert show_job(here.journal, job_id, on, is_json=is_json)
    return printed(on)


def test_an_empty_queue_says_so(here: Desk):
    """Nothing waiting is told in a sentence, and is an empty list in JSON."""
    here.sent()
    assert _queue(here) == "The queue is empty.\n"
    assert json.loads(_queue(here, is_json=True)) == []


def test_the_queue_lists_what_waits_and_what_failed(here: Desk):
    """Waiting, failed and quarantined jobs are listed with id, state and reason; sent ones are not."""
    waiting, failed, strange, sent = (
        here.deferred("451 later"),
        here.failed(),
        here.failed(State.QUARANTINE),
        here.sent(),
    )
    text = _queue(here)
    for job_id in (waiting, failed, strange):
        assert job_id in text
    assert sent not in text
    for word in ("deferred", "failed", "quarantine", "451 later", "550 5.1.1", "office@contoso.com"):
        assert word in text


def test_the_queue_fits_eighty_columns(here: Desk):
    """However long names and replies are, no line is longer than the terminal, and no job id is broken."""
    job_id = here.deferred()
    text = _queue(here)
    assert max(map(len, text.splitlines())) <= 80
    assert job_id in text


def test_the_queue_as_json(here: Desk):
    """JSON has every field of each job, times in ISO 8601."""
    job_id = here.deferred()
    (job,) = json.loads(_queue(here, is_json=True, width=20))
    assert (job["id"], job["state"], job["attempts"]) == (job_id, "deferred", 3)
    assert [recipient["address"] for recipient in job["recipients"]] == [OFFICE, "bob@contoso.com"]
    assert datetime.fromisoformat(job["next_try_at"]).isoformat() == "2026-11-23T09:02:57+00:00"


def test_show_says_everything_known(here: Desk):
    """One job is shown with its origin, its recipients with their replies, its reason and its history."""
    job_id = here.failed()
    text = _show(here, job_id)
    for word in (
        job_id,
        "failed",
        "scan.pdf",
        "share/scans",
        "office@contoso.com  sent  direct  250 ok",
        "bob@contoso.com  failed    550 5.1.1 no such mailbox",
        "History:",
        "accepted",
        "ready",
    ):
        assert word in text


@pytest.mark.parametrize(("pages", "shown"), [(0, "Size:      ? pages, "), (1, "1 page, "), (2, "2 pages, ")])
def test_show_says_how_many_pages(here: Desk, pages: int, shown: str):
    """A single page is spoken of as one; how many are not known yet is a question mark."""
    job_id = here.job(message=None)
    here.journal.make_ready(job_id, 1.0, pages, 100)
    assert f"{shown}100 bytes" in _show(here, job_id)


def test_show_says_when_it_is_tried_again(here: Desk):
    """A waiting job shows its next try and its attempts; an uncertain one that it may arrive twice."""
    job_id = here.deferred()
    here.journal.mark_uncertain(job_id, 1.0, "it may have been taken")
    text = _show(here, job_id)
    assert "Next try:  2026-11-23" in text
    assert "(attempts so far: 3)" in text
    assert "(may have been delivered twice)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_show_as_json(here: Desk):
    """JSON of one job holds its record and its history."""
    job_id = here.failed()
    told = json.loads(_show(here, job_id, is_json=True))
    assert told["id"] == job_id
    assert [step["state"] for step in told["history"]] == ["accepted", "ready", "failed"]


@pytest.mark.parametrize("job_id", ["", "x", "20261123T090257Z-zzzz", "' OR 1=1 --", "../etc"])
def test_an_unknown_job_is_not_shown(here: Desk, job_id: str):
    """An id the journal does not know prints nothing and says so."""
    on = console()
    assert not show_job(here.journal, job_id, on, is_json=False)
    assert printed(on) == ""


def test_a_record_loses_nothing_in_json(here: Desk):
    """Every field of the record has its key in JSON, and a time that is none is null."""
    job = here.journal.job(here.job(message=None))
    assert job is not None
    fields = as_json(job)
    assert set(fields) == set(type(job).__slots__)
    assert fields["next_try_at"] is None
    json.dumps(fields)


def test_what_waits_says_when_it_is_given_up(here: Desk):
    """The lifetime goes on while an upstream is at fault: queue, show and JSON say when it ends."""
    job = here.journal.job(here.deferred("535 no"))
    assert job is not None
    at = job.created_at + 86400
    on = console()
    show_queue(here.journal, on, is_json=False, lifetime_s=86400)
    assert f"given up at {moment(at)}" in printed(on)
    on = console()
    show_job(here.journal, job.id, on, is_json=False, lifetime_s=86400)
    assert f"Given up:  {moment(at)}" in printed(on)
    assert datetime.fromisoformat(as_json(job, 86400)["given_up_at"]).timestamp() == at
    failed = here.journal.job(here.failed())
    assert failed is not None
    assert "given_up_at" not in as_json(failed, 86400)
