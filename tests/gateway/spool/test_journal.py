import sqlite3

import pytest

from conf.model import Address
from gateway.spool.database import Database
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import Fate, JobId, State
from gateway.spool.journal import Journal, WrongMoveError
from tests.gateway.spool.given import NOW_S, OFFICE, Box, envelope

ALICE, BOB = Address("alice@contoso.com"), Address("bob@contoso.com")
THREE = envelope(recipients=(OFFICE, ALICE, BOB))


@pytest.fixture
def journal(box: Box) -> Journal:
    """An empty journal."""
    return box.journal


def test_a_job_is_entered_once(journal):
    """A job that is entered again stays as it is, and the second call says so."""
    assert journal.admit(THREE, NOW_S)
    journal.move(THREE.id, State.READY, NOW_S)
    assert not journal.admit(THREE, NOW_S + 1)
    job = journal.job(THREE.id)
    assert job is not None
    assert (job.state, job.pending, job.title, job.origin) == (
        State.READY,
        (OFFICE, ALICE, BOB),
        "scan.pdf",
        "share/scans",
    )
    assert (job.created_at, job.size_bytes, job.attempts, job.is_told, job.is_uncertain) == (NOW_S, 4, 0, False, False)


def test_several_jobs_are_entered_at_once(journal):
    """Jobs entered together are each as if entered alone; one that is there already stays as it is."""
    journal.admit(THREE, NOW_S)
    journal.move(THREE.id, State.READY, NOW_S)
    others = [envelope(f"2026112{number}T090257Z-aaaa") for number in (4, 5)]
    journal.admit_all([others[0], THREE, others[1]], NOW_S)
    assert [(job.id, job.state) for job in journal.jobs()] == [
        (others[1].id, State.ACCEPTED),
        (others[0].id, State.ACCEPTED),
        (THREE.id, State.READY),
    ]
    assert [recipient.address for recipient in journal.jobs()[0].recipients] == list(others[1].recipients)


def test_jobs_entered_at_once_are_all_entered_or_none(journal):
    """When one of several cannot be entered, none is: they are adopted later, one by one."""
    fine, odd = envelope("20261124T090257Z-aaaa"), envelope("20261125T090257Z-aaaa", recipients=(None,))
    with pytest.raises(sqlite3.IntegrityError):
        journal.admit_all([fine, odd], NOW_S)
    assert journal.jobs() == []


@pytest.mark.parametrize(("kinds", "level"), [("mm", 1), ("ms", 2), ("s", 2)])
def test_only_mails_wait_for_no_flush(journal, kinds, level):
    """Rows of mails are left to the next flush (1 is NORMAL); with a share's among them they are flushed (2, FULL)."""
    mail, scan = Origin(OriginKind.SMTP, "scanners", "127.0.0.1"), Origin(OriginKind.SHARE, "scans")
    origins = [{"m": mail, "s": scan}[kind] for kind in kinds]
    entered = [envelope(f"2026112{n}T090257Z-aaaa", origin=origin) for n, origin in enumerate(origins)]
    journal.admit_all(entered, NOW_S)
    assert journal.database.rows("PRAGMA synchronous") == [(level,)]
    assert {job.id for job in journal.jobs()} == {one.id for one in entered}
    journal.move(entered[0].id, State.READY, NOW_S)
    assert journal.database.rows("PRAGMA synchronous") == [(2,)]


def test_an_unknown_job_is_none(journal):
    """The journal knows nothing of a job that was never entered, and moves none."""
    assert journal.job(JobId("20261123T090257Z-zzzz")) is None
    with pytest.raises(KeyError):
        journal.move(JobId("20261123T090257Z-zzzz"), State.READY, NOW_S)


def test_a_wrong_move_changes_nothing(journal):
    """A move that does not exist is refused, and neither state nor history nor fates change."""
    journal.admit(THREE, NOW_S)
    before = journal.job(THREE.id), journal.history(THREE.id)
    with pytest.raises(WrongMoveError, match="accepted does not go to sent"):
        journal.move(THREE.id, State.SENT, NOW_S)
    journal.move(THREE.id, State.QUARANTINE, NOW_S)
    with pytest.raises(WrongMoveError):
        journal.fail_pending(THREE.id, NOW_S, "again")
    job = journal.job(THREE.id)
    assert job is not None
    assert job.pending == before[0].pending
    assert len(journal.history(THREE.id)) == len(before[1]) + 1


def test_a_failure_ends_all_that_wait_and_nobody_else(journal):
    """Failing a job keeps what was sent as sent, and gives everyone else the reason."""
    journal.admit(THREE, NOW_S, State.READY)
    journal.record(THREE.id, "submission", {OFFICE: (Fate.SENT, "250 Ok")})
    journal.fail_pending(THREE.id, NOW_S + 5, "too late")
    job = journal.job(THREE.id)
    assert job is not None
    assert job.state is State.FAILED
    assert [(r.fate, r.upstream, r.reply) for r in job.recipients] == [
        (Fate.SENT, "submission", "250 Ok"),
        (Fate.FAILED, "", "too late"),
        (Fate.FAILED, "", "too late"),
    ]
    assert journal.untold(10) == [job]
    journal.mark_told(THREE.id)
    assert journal.untold(10) == []


def test_a_job_ends_with_its_last_receipt(journal):
    """A job is sent in the transaction of its last receipt, no sooner, and once: also when that is recorded again."""
    journal.admit(THREE, NOW_S, State.READY)
    some, rest = {OFFICE: (Fate.SENT, "250 Ok")}, {ALICE: (Fate.SENT, "250 Ok"), BOB: (Fate.SENT, "250 Ok")}
    journal.record(THREE.id, "first", some, NOW_S + 1)
    assert journal.job(THREE.id).state is State.READY
    for at in (NOW_S + 2, NOW_S + 3):
        journal.record(THREE.id, "second", rest, at)
        assert (journal.job(THREE.id).state, journal.job(THREE.id).changed_at) == (State.SENT, NOW_S + 2)
    assert [state for _, state, _ in journal.history(THREE.id)] == [State.READY, State.SENT]


def test_a_job_that_was_refused_to_one_does_not_end_by_receipts(journal):
    """With one refusal a person has to be told, so the job waits for its end as failed."""
    journal.admit(THREE, NOW_S, State.READY)
    receipts = dict.fromkeys((OFFICE, ALICE), (Fate.SENT, "250 Ok"))
    journal.record(THREE.id, "first", receipts | {BOB: (Fate.FAILED, "550 No")}, NOW_S + 1)
    assert journal.job(THREE.id).state is State.READY


def test_a_fate_is_final(journal):
    """A recipient who was sent to once is never asked about again, whatever is recorded later."""
    journal.admit(THREE, NOW_S, State.READY)
    journal.record(THREE.id, "first", {ALICE: (Fate.SENT, "250 Ok")})
    journal.record(THREE.id, "second", {ALICE: (Fate.FAILED, "550 No"), BOB: (Fate.FAILED, "550 No")})
    job = journal.job(THREE.id)
    assert job is not None
    assert job.pending == (OFFICE,)
    assert [(r.fate, r.upstream) for r in job.recipients[1:]] == [(Fate.SENT, "first"), (Fate.FAILED, "second")]


def test_what_is_due_longest_comes_first(journal):
    """Due are the jobs of the wanted states whose time has come, longest due first, never more than asked for."""
    ids = [JobId(f"20261123T09025{n}Z-aaaa") for n in range(4)]
    for job_id in reversed(ids):
        journal.admit(envelope(job_id), NOW_S, State.READY)
    journal.move(ids[1], State.DEFERRED, NOW_S, next_try_at=NOW_S + 60)
    journal.move(ids[3], State.SENDING, NOW_S)
    wanted = (State.READY, State.DEFERRED)
    assert [job.id for job in journal.due(wanted, NOW_S, 10)] == [ids[0], ids[2]]
    assert [job.id for job in journal.due(wanted, NOW_S + 60, 2)] == [ids[0], ids[2]]
    assert [job.id for job in journal.due(wanted, NOW_S + 60, 3)] == [ids[0], ids[2], ids[1]]
    assert journal.due(wanted, NOW_S + 60, 3, {job.origin for job in journal.due(wanted, NOW_S + 60, 3)}) == []
    assert len(journal.due(wanted, NOW_S + 60, 3, ["share/none"])) == 3
    assert journal.next_due_at((State.DEFERRED,)) == NOW_S + 60
    assert journal.next_due_at((State.FAILED,)) is None
    assert [job.id for job in journal.jobs((State.READY,))] == [ids[2], ids[0]]
    assert journal.counts() == {**dict.fromkeys(State, 0), State.READY: 2, State.DEFERRED: 1, State.SENDING: 1}


def test_the_jobs_of_one_pause_take_turns(journal):
    """Of jobs deferred to the same instant none is always the first: one that is itself the fault starves no other."""
    ids = [JobId(f"20261123T09025{n}Z-aaaa") for n in range(4)]
    for job_id in ids:
        journal.admit(envelope(job_id), NOW_S, State.READY)
        journal.move(job_id, State.DEFERRED, NOW_S, next_try_at=NOW_S)
    firsts = {journal.due((State.DEFERRED,), NOW_S, 1)[0].id for _ in range(200)}
    assert firsts == set(ids)


def test_attempts_add_up(journal):
    """Each counted attempt adds one, a move that counts none adds none, and the reason is that of the last move."""
    journal.admit(THREE, NOW_S, State.READY)
    for attempts in (1, 0, 1):
        journal.move(THREE.id, State.DEFERRED, NOW_S, reason=f"counted {attempts}", attempts=attempts)
    job = journal.job(THREE.id)
    assert job is not None
    assert (job.attempts, job.reason) == (2, "counted 1")
    assert [(state, detail) for _, state, detail in journal.history(THREE.id)] == [
        (State.READY, ""),
        (State.DEFERRED, "counted 1"),
        (State.DEFERRED, "counted 0"),
        (State.DEFERRED, "counted 1"),
    ]


def test_ready_tells_pages_size_and_title(journal):
    """A normalised job has its pages, the size of its mail, and a title only if it had none."""
    named, mailed = envelope("20261123T090257Z-aaaa"), envelope(
        "20261123T090257Z-bbbb", origin=Origin(OriginKind.SMTP, "smtp", "127.0.0.1")
    )  # fmt: skip
    for committed in (named, mailed):
        journal.admit(committed, NOW_S)
        journal.make_ready(committed.id, NOW_S + 1, 3, 5000, "From the scanner")
    titles = {}
    for committed in (named, mailed):
        job = journal.job(committed.id)
        assert job is not None
        assert (job.state, job.pages, job.size_bytes) == (State.READY, 3, 5000)
        titles[job.id] = job.title
    assert titles == {named.id: "scan.pdf", mailed.id: "From the scanner"}


def test_an_uncertain_job_stays_so(journal):
    """A delivery that may have been doubled is marked for good, with the reason in its history."""
    journal.admit(THREE, NOW_S, State.READY)
    journal.move(THREE.id, State.SENDING, NOW_S)
    journal.mark_uncertain(THREE.id, NOW_S, "no reply")
    journal.move(THREE.id, State.SENT, NOW_S)
    job = journal.job(THREE.id)
    assert job is not None
    assert job.is_uncertain
    assert (NOW_S, State.SENDING, "no reply") in journal.history(THREE.id)


def test_a_wreck_has_no_recipients(journal):
    """What cannot be understood is kept as quarantined, and waits to be told."""
    journal.admit_wreck(THREE.id, NOW_S, "envelope.json is missing")
    job = journal.job(THREE.id)
    assert job is not None
    assert (job.state, job.recipients, job.reason) == (State.QUARANTINE, (), "envelope.json is missing")
    assert journal.untold(1) == [job]


def test_what_was_said_is_on_disk(box, tmp_path):
    """A second connection sees every move at once, with no close in between."""
    box.journal.admit(THREE, NOW_S)
    box.journal.move(THREE.id, State.READY, NOW_S)
    other = Database(tmp_path / "state" / "journal.db", read_only=True)
    assert Journal(other).job(THREE.id) == box.journal.job(THREE.id)
    other.close()


def test_a_closed_journal_is_told(box):
    """A journal that cannot be written raises sqlite3.Error, which its callers know."""
    box.database.close()
    with pytest.raises(sqlite3.Error):
        box.journal.admit(THREE, NOW_S)


def test_the_jobs_of_one_door_are_told_apart(journal):
    """The last jobs of a share come newest first, at most so many, and no other door's among them."""
    for number in range(5):
        journal.admit(envelope(f"2026112{number}T090257Z-k7q2"), NOW_S)
    journal.admit(envelope("20261126T090257Z-k7q2", origin=Origin(OriginKind.SHARE, "scans2")), NOW_S)
    journal.admit(envelope("20261126T090258Z-k7q2", origin=Origin(OriginKind.SMTP, "scans")), NOW_S)
    ids = [job.id for job in journal.of_origin("share/scans", 3)]
    assert ids == ["20261124T090257Z-k7q2", "20261123T090257Z-k7q2", "20261122T090257Z-k7q2"]
    assert len(journal.of_origin("share/scans2", 3)) == 1
    assert journal.of_origin("share/none", 3) == []


def test_what_a_door_is_owed_is_counted(journal):
    """What ended is not owed; without anything owed there is no oldest."""
    assert journal.owed_of("share/scans") == (0, None)
    journal.admit(THREE, NOW_S)
    journal.admit(envelope("20261122T090257Z-k7q2", origin=Origin(OriginKind.SHARE, "other")), NOW_S)
    assert journal.owed_of("share/scans") == (1, NOW_S)
    journal.fail_pending(THREE.id, NOW_S, "no")
    assert journal.owed_of("share/scans") == (0, None)
