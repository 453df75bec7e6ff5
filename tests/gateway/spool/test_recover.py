import os
import shutil

import pytest
from structlog.testing import capture_logs

from gateway import service
from gateway.spool import files, recover
from gateway.spool.database import JournalError
from gateway.spool.envelope import Origin, OriginKind
from gateway.spool.job import OWED, Fate, State
from tests.gateway.spool.given import NOW, NOW_S, OFFICE, opened


def test_a_job_the_journal_does_not_know_is_adopted(box):
    """A committed job whose entry was never written is owed after the start, as accepted, and certainly unsent."""
    committed = box.commit()
    box.recover()
    job = box.journal.job(committed.id)
    assert job is not None
    assert (job.state, job.pending, job.is_uncertain) == (State.ACCEPTED, (OFFICE,), False)
    assert recover.adopt(box.spool, box.journal, NOW_S) == 0


def test_a_job_in_hand_is_left_alone(box):
    """A job that this process is just committing is not adopted before its hand has let go."""
    committed = box.commit()
    box.spool.in_hand.add(committed.id)
    assert recover.adopt(box.spool, box.journal, NOW_S) == 0
    box.spool.in_hand.discard(committed.id)
    assert recover.adopt(box.spool, box.journal, NOW_S) == 1


@pytest.mark.parametrize("spoil", ["noise", "cut", "missing", "another's"])
def test_a_corrupt_envelope_is_quarantined_alone(box, spoil):
    """A job that cannot be understood is kept and told as quarantined; its neighbours are adopted as they are."""
    before, wreck, after = (box.commit(b"%d" % number).id for number in range(3))
    path = box.spool.jobs / wreck / files.ENVELOPE
    match spoil:
        case "noise":
            path.write_bytes(b"\xff" * 300)
        case "cut":
            path.write_bytes(path.read_bytes()[:-1])
        case "missing":
            path.unlink()
        case _:
            shutil.copy(box.spool.jobs / before / files.ENVELOPE, path)
    box.recover()
    assert {job.id for job in box.journal.jobs(OWED)} == {before, after}
    assert [job.id for job in box.journal.untold(10)] == [wreck]
    assert (box.spool.quarantine / wreck / "original" / "0001").read_bytes() == b"1"


def test_a_changed_original_is_quarantined_at_adoption(box):
    """A job whose stored bytes are not those that arrived is never sent, and says which file it is."""
    damaged, whole = box.commit().id, box.commit().id
    (box.spool.jobs / damaged / "original" / "0001").write_bytes(b"scam")
    box.recover()
    job = box.journal.job(damaged)
    assert job is not None
    assert (job.state, job.recipients[0].fate) == (State.QUARANTINE, Fate.FAILED)
    assert job.reason == "0001 is not what arrived (SHA-256 differs)"
    assert (box.spool.quarantine / damaged).is_dir()
    assert box.state_of(whole) is State.ACCEPTED


def test_a_job_that_cannot_be_read_costs_itself(box):
    """A fault of the disk in one job is told and tried again later; the other jobs are adopted at once."""
    before, unread, after = (box.commit().id for _ in range(3))
    stored = box.spool.jobs / unread / "original" / "0001"
    stored.unlink()
    stored.mkdir()
    with capture_logs() as logged:
        box.recover()
    assert {job.id for job in box.journal.jobs(OWED)} == {before, after}
    assert [line["job"] for line in logged if line["event"] == "local-fault"] == [unread]
    stored.rmdir()
    stored.write_bytes(b"scan")
    assert recover.adopt(box.spool, box.journal, NOW_S) == 1
    assert box.state_of(unread) is State.ACCEPTED


def test_sending_becomes_uncertain(box):
    """A job stopped between the final dot and its reply is sent again, and marked as possibly doubled."""
    job_id = box.admit(State.SENDING)
    with capture_logs() as logged:
        box.recover()
    job = box.journal.job(job_id)
    assert job is not None
    assert (job.state, job.is_uncertain, job.next_try_at, job.attempts) == (State.DEFERRED, True, NOW_S, 0)
    assert [line["job"] for line in logged if line["event"] == "job-uncertain"] == [job_id]


@pytest.mark.parametrize("state", [State.ACCEPTED, State.READY, State.DEFERRED])
def test_earlier_states_are_certainly_unsent(box, state):
    """A job stopped before the final dot stays as it is, without a mark."""
    job_id = box.admit(state)
    box.recover()
    job = box.journal.job(job_id)
    assert job is not None
    assert (job.state, job.is_uncertain) == (state, False)


@pytest.mark.parametrize(
    ("state", "place"), [(State.SENT, None), (State.FAILED, "failed"), (State.QUARANTINE, "quarantine")]
)
def test_an_end_cut_short_is_finished(box, state, place):
    """A job that had ended in the journal leaves ``jobs`` at the start, for the place of its kind."""
    job_id = box.admit(state)
    box.recover()
    assert files.listing(box.spool.jobs) == ()
    found = files.find(box.spool, job_id)
    assert (found.parent.name if found else None) == place
    assert box.state_of(job_id) is state


def test_an_owed_job_without_directory_is_told(box):
    """A job that is owed but gone from the disk is quarantined with the reason, not forgotten."""
    job_id = box.admit(State.DEFERRED)
    shutil.rmtree(box.spool.jobs / job_id)
    box.recover()
    assert [(job.id, job.reason) for job in box.journal.untold(10)] == [(job_id, "its job directory is gone")]


def test_drafts_are_swept(box):
    """What was being written is gone after the start, whatever it is, and nothing else is."""
    draft = files.begin(box.spool, NOW)
    (draft.originals / "message.eml").write_bytes(b"half")
    (box.spool.incoming / "stray").write_bytes(b"")
    job_id = box.admit()
    box.recover()
    assert os.listdir(box.spool.incoming) == []
    assert files.listing(box.spool.jobs) == (job_id,)


def test_a_start_changes_nothing_twice(box):
    """A second start finds everything as the first one left it."""
    for state in State:
        box.admit(state)
    box.commit()
    box.recover()
    first = box.journal.jobs(State)
    box.recover()
    assert box.journal.jobs(State) == first


@pytest.mark.parametrize("lost", ["missing", "damaged", "empty"])
def test_a_lost_journal_is_rebuilt(box, lost):
    """Without its journal every job is owed again, perhaps sent if it had its message; of a failed one people hear."""
    fresh, sent = box.admit(State.ACCEPTED), box.admit(State.SENDING)
    failed = box.admit(State.FAILED)
    files.move_aside(box.spool.jobs / failed, box.spool.failed)
    files.put_message(box.spool.jobs / sent, [b"message"])
    box.database.close()
    state = box.config.gateway.state
    for name in ("journal.db-wal", "journal.db-shm"):
        (state / name).unlink(missing_ok=True)
    match lost:
        case "missing":
            (state / "journal.db").unlink()
        case "damaged":
            (state / "journal.db").write_bytes(b"noise" * 1000)
        case _:
            (state / "journal.db").write_bytes(b"")
    with opened(box.config) as again:
        again.recover()
        found = {job.id: (job.state, job.is_uncertain) for job in again.journal.jobs(OWED)}
        assert found == {fresh: (State.ACCEPTED, False), sent: (State.ACCEPTED, True)}
        assert [(job.id, job.state) for job in again.journal.untold(10)] == [(failed, State.FAILED)]
    kept = list(state.glob("journal.db.damaged-*"))
    assert [path.read_bytes() for path in kept] == ([b"noise" * 1000] if lost == "damaged" else [])


def test_a_rebuilding_cut_short_keeps_its_doubts(box):
    """A start that died while it rebuilt the journal is followed by one that still marks what may have been sent."""
    sent = box.admit(State.SENDING)
    files.put_message(box.spool.jobs / sent, [b"message"])
    box.database.close()
    (box.config.gateway.state / "journal.db").unlink()
    with opened(box.config) as died:
        assert died.is_rebuilt
    with opened(box.config) as again:
        again.recover()
        job = again.journal.job(sent)
        assert job is not None
        assert job.is_uncertain


def test_a_notice_not_yet_entered_is_certain(box):
    """A notice is born with its message; one committed just before a stop was never sent, and is not doubted."""
    committed = box.commit(origin=Origin(OriginKind.NOTICE, "20261123T090257Z-k7q2"))
    files.put_message(box.spool.jobs / committed.id, [b"message"])
    box.recover()
    job = box.journal.job(committed.id)
    assert job is not None
    assert not job.is_uncertain


def test_a_first_start_rebuilds_nothing(tmp_path, box):
    """An empty spool without a journal is a new box, not a lost one."""
    assert not box.is_rebuilt
    assert list(box.config.gateway.state.glob("*damaged*")) == []


def test_a_newer_journal_stops_the_start(box):
    """A journal of a newer version is neither rebuilt nor put aside: the start is refused."""
    with box.database.transaction() as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(JournalError, match="newer"), opened(box.config):
        pass
    assert sorted(path.name for path in box.config.gateway.state.glob("journal.db*damaged*")) == []


def test_a_second_instance_is_refused(box):
    """Two services never work in one state directory; the second is told, and may start when the first has gone."""
    state = box.config.gateway.state
    first = service._lock(state)
    with pytest.raises(service.StartError, match=f"another scangate works in {state}"):
        service._lock(state)
    os.close(first)
    os.close(service._lock(state))
