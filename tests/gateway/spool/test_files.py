import errno
import os
from pathlib import Path

import pytest

from gateway.spool import durable, files
from gateway.spool.envelope import CorruptEnvelopeError
from gateway.spool.files import Finished, SpoolError, open_spool
from gateway.spool.job import JobId
from tests.gateway.spool.given import NOW, envelope


def test_open_makes_what_is_missing(tmp_path):
    """The four directories are made, and what is in them stays at the next start."""
    first = open_spool(tmp_path / "state")
    (first.jobs / "kept").mkdir()
    second = open_spool(tmp_path / "state")
    assert (second.jobs / "kept").is_dir()
    assert all(path.is_dir() for path in (second.incoming, second.failed, second.quarantine))
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["spool"]


def test_a_state_that_cannot_be_written_is_told(tmp_path):
    """A state directory that cannot be had is refused with its key, the reason and the mend."""
    (tmp_path / "state").write_bytes(b"a file")
    with pytest.raises(SpoolError, match=r"^gateway\.state: .*state cannot be written \(.+\); name a directory"):
        open_spool(tmp_path / "state")


def test_a_commit_is_flushed_to_the_last_name(box, monkeypatch):
    """After the rename envelope, originals, both directories and then both parents are flushed, before it returns."""
    passed: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        passed.append(f"flush {Path(f'/proc/self/fd/{fd}').readlink().relative_to(box.spool.jobs.parent)}")
        real(fd)

    draft = files.begin(box.spool, NOW)
    monkeypatch.setattr(durable, "checkpoint", passed.append)
    monkeypatch.setattr(os, "fsync", fsync)
    with (draft.originals / "0001").open("xb") as original:
        files.commit_all(box.spool, [Finished(draft, envelope(draft.id), (original.fileno(),))])
    job = f"jobs/{draft.id}"
    assert [step for step in passed if not step.startswith("after sync directory")] == [
        "before write envelope.json",
        "after write envelope.json",
        f"before rename {draft.id}",
        f"after rename {draft.id}",
        f"flush {job}/original/0001",
        f"flush {job}/envelope.json",
        f"flush {job}/original",
        f"flush {job}",
        "flush jobs",
        "flush incoming",
        f"after sync {draft.id}",
    ]


def test_drafts_committed_together_share_the_flush_of_the_parents(box, monkeypatch):
    """Each of several is flushed as if alone, and only then are both parents, once for all of them."""
    flushed: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        real(fd)

    drafts = [files.begin(box.spool, NOW) for _ in range(3)]
    monkeypatch.setattr(os, "fsync", fsync)
    finished = [Finished(draft, envelope(draft.id)) for draft in drafts]
    assert files.commit_all(box.spool, finished) == [None, None, None]
    assert flushed == [
        *(name for draft in drafts for name in ("envelope.json", "original", draft.id)),
        "jobs",
        "incoming",
    ]
    assert set(files.listing(box.spool.jobs)) == {draft.id for draft in drafts}


def test_of_drafts_committed_together_each_fails_alone(box, monkeypatch):
    """What goes wrong with one is told for that one; the others are jobs, and of it nothing is left to be sent."""
    drafts = [files.begin(box.spool, NOW) for _ in range(4)]
    (box.spool.failed / drafts[0].id).mkdir()
    (drafts[1].directory / files.ENVELOPE).touch()
    real = os.fsync

    def fsync(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink().name == drafts[2].id:
            raise OSError(errno.EIO, "fault")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    errors = files.commit_all(box.spool, [Finished(draft, envelope(draft.id)) for draft in drafts])
    assert [type(error) for error in errors] == [FileExistsError, FileExistsError, OSError, type(None)]
    assert files.listing(box.spool.jobs) == (drafts[3].id,)


@pytest.mark.parametrize("failing", ["jobs", "incoming"])
def test_drafts_whose_parents_are_not_flushed_are_all_refused(box, monkeypatch, failing):
    """When the flush that several share fails, each hears of it, and none is left that would be delivered."""
    drafts = [files.begin(box.spool, NOW) for _ in range(3)]

    def fsync(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink().name == failing:
            raise OSError(errno.EIO, "fault")

    monkeypatch.setattr(os, "fsync", fsync)
    errors = files.commit_all(box.spool, [Finished(draft, envelope(draft.id)) for draft in drafts])
    assert [type(error) for error in errors] == [OSError] * 3
    assert files.listing(box.spool.jobs) == ()
    assert os.listdir(box.spool.incoming) == []


def test_a_draft_becomes_a_job(box):
    """A committed draft is a job that reads back whole, and no draft any more."""
    committed = box.commit(b"contents")
    directory = box.spool.jobs / committed.id
    assert files.find(box.spool, committed.id) == directory
    assert files.read_envelope(directory) == committed
    assert [files.fault_of(directory, original) for original in committed.originals] == [""]
    assert files.listing(box.spool.jobs) == (committed.id,)
    assert os.listdir(box.spool.incoming) == []


def test_a_draft_is_in_hand_until_it_is_discarded(box):
    """A draft is left alone by adoption from its first instant until it is discarded, which leaves nothing."""
    draft = files.begin(box.spool, NOW)
    assert draft.id in box.spool.in_hand
    (draft.originals / "0001").write_bytes(b"part")
    files.discard(box.spool, draft)
    assert box.spool.in_hand == set()
    assert os.listdir(box.spool.incoming) == []


def test_an_id_is_given_once(box, monkeypatch):
    """An id that a draft or a job has, wherever it is kept, is not given to another."""
    ids = [JobId(f"20261123T090257Z-aaa{letter}") for letter in "abcde"]
    for job_id, place in zip(ids, (box.spool.incoming, box.spool.jobs, box.spool.failed, box.spool.quarantine)):  # noqa: B905  the last id is free
        (place / job_id).mkdir()
    offered = iter(ids)
    monkeypatch.setattr(files, "new_job_id", lambda _: next(offered))
    assert files.begin(box.spool, NOW).id == ids[-1]
    assert box.spool.in_hand == {ids[-1]}


def test_a_commit_never_replaces_a_job(box):
    """A job that has the draft's id already is not touched, whichever directory it is in."""
    committed = box.commit(b"first")
    files.move_aside(box.spool.jobs / committed.id, box.spool.failed)
    draft = files.begin_as(box.spool, committed.id)
    with pytest.raises(FileExistsError):
        files.commit(box.spool, draft, committed)
    assert (box.spool.failed / committed.id / "original" / "0001").read_bytes() == b"first"


@pytest.mark.parametrize("failing", ["envelope.json", "original", "{id}", "jobs", "incoming"])
def test_a_commit_that_fails_promises_nothing(box, monkeypatch, failing):
    """Whichever flush of a commit fails, no job is left that would be delivered though its sender was refused."""
    draft = files.begin(box.spool, NOW)
    real = os.fsync

    def fsync(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink().name == failing.format(id=draft.id):
            raise OSError(errno.EIO, "fault")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="fault"):
        files.commit(box.spool, draft, envelope(draft.id))
    files.discard(box.spool, draft)
    assert files.find(box.spool, draft.id) is None
    assert os.listdir(box.spool.incoming) == []


def test_an_envelope_of_another_job_is_corrupt(box):
    """An envelope in the wrong directory, or none at all, is corrupt, and says so."""
    committed = box.commit()
    elsewhere = box.spool.jobs / "20261123T090257Z-zzzz"
    (box.spool.jobs / committed.id).rename(elsewhere)
    with pytest.raises(CorruptEnvelopeError, match=f"belongs to {committed.id}"):
        files.read_envelope(elsewhere)
    (elsewhere / files.ENVELOPE).unlink()
    with pytest.raises(CorruptEnvelopeError, match="missing"):
        files.read_envelope(elsewhere)


@pytest.mark.parametrize(
    ("contents", "said"),
    [(None, "0001 is missing"), (b"cut", "0001 has 3 bytes where 4 arrived"),
     (b"Scan", "0001 is not what arrived (SHA-256 differs)"), (b"scan", "")],
)  # fmt: skip
def test_a_changed_original_is_found(box, contents, said):
    """A stored original that is missing, cut short or changed is found, and the sentence says which."""
    committed = box.commit(b"scan")
    stored = box.spool.jobs / committed.id / "original" / "0001"
    stored.unlink()
    if contents is not None:
        stored.write_bytes(contents)
    assert files.fault_of(box.spool.jobs / committed.id, committed.originals[0]) == said


def test_listing_leaves_strangers_out(box):
    """Only directories named like a job are jobs, oldest first."""
    for name in ("20261123T090257Z-bbbb", "20261123T090256Z-cccc", "lost+found", ".hidden", "20261123T090257Z-bbbb-n"):
        (box.spool.jobs / name).mkdir()
    assert files.listing(box.spool.jobs) == (
        "20261123T090256Z-cccc",
        "20261123T090257Z-bbbb",
        "20261123T090257Z-bbbb-n",
    )


def test_the_message_is_put_whole(box):
    """The bytes to send are put beside the original, a second time over the first, never beside it."""
    directory = box.spool.jobs / box.commit().id
    files.put_message(directory, [b"first"])
    assert files.put_message(directory, [b"sec", b"ond"]) == 6
    assert (directory / files.MESSAGE).read_bytes() == b"second"
    assert sorted(os.listdir(directory)) == ["envelope.json", "message.eml", "original"]


def test_aside_twice_is_once(box):
    """Moving a job aside can be repeated after a crash; the job is whole where it was put."""
    committed = box.commit(b"scan")
    for _ in range(2):
        where = files.move_aside(box.spool.jobs / committed.id, box.spool.failed)
        assert where == box.spool.failed / committed.id
    assert files.move_aside(where, box.spool.failed) == where
    assert files.read_envelope(where) == committed
    assert files.listing(box.spool.jobs) == ()


def test_what_is_removed_is_gone(box):
    """A removed job leaves nothing behind, and removing it again is no fault."""
    directory = box.spool.jobs / box.commit().id
    files.remove(directory)
    files.remove(directory)
    assert files.listing(box.spool.jobs) == ()
    assert os.listdir(box.spool.incoming) == []


def test_free_space_is_what_a_write_may_use(box):
    """The free space told is what the file system gives to an ordinary process, in bytes."""
    state = os.statvfs(box.spool.jobs)
    assert 0 < files.free_bytes(box.spool) <= state.f_bfree * state.f_frsize
