"""A share that no rename leads out of: taken by copying, given back, and gone on with after a crash."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.arrive.folder import FolderDoor, resume_claims
from gateway.spool import files
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.job import State
from hotfolder import carry
from hotfolder.errors import ShareError
from tests.gateway.arrive.sharing import drop, in_share
from tests.gateway.spool.given import NOW, OFFICE, Box, config, envelope, opened

SCAN = b"a scan"


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Box]:
    """A box whose share lies on another file system."""
    share = Path(tempfile.mkdtemp(dir="/dev/shm"))
    with opened(config(tmp_path, share=[{"name": "scans", "path": share, "to": [OFFICE]}])) as fresh:
        yield fresh
    shutil.rmtree(share)


def test_a_scan_is_copied_into_its_job(apart: Box):
    """The files of an arrival become one job, byte for byte, and the share is empty."""
    door = FolderDoor(apart.intake, apart.config.share[0])
    door._take(drop(apart, {"1.pdf": SCAN, "2.pdf": b"another"}))
    (job_id,) = files.listing(apart.spool.jobs)
    stored = apart.spool.jobs / job_id / files.ORIGINAL
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == {"0001": SCAN, "0002": b"another"}
    assert in_share(apart) == {}


def test_a_scan_that_cannot_be_taken_whole_is_given_back(apart: Box):
    """When the second file was written to, the first is in the share again, and no job is left."""
    door = FolderDoor(apart.intake, apart.config.share[0])
    arrival = drop(apart, {"1.pdf": SCAN, "2.pdf": b"another"})
    arrival.files[1].path.write_bytes(b"another, longer")
    door._take(arrival)
    assert in_share(apart) == {"1.pdf": SCAN, "2.pdf": b"another, longer"}
    assert files.listing(apart.spool.jobs) == ()


def test_a_disk_that_fails_within_the_claim_leaves_the_scan(apart: Box, monkeypatch: pytest.MonkeyPatch):
    """An error after the copy gives the scan back, and says so."""
    door = FolderDoor(apart.intake, apart.config.share[0])
    arrival = drop(apart, {"1.pdf": SCAN})

    def fail(_hidden: str, _share_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(carry, "_remove", fail)
    with pytest.raises(ShareError):
        door._take(arrival)
    assert in_share(apart) == {"1.pdf": SCAN}
    assert files.listing(apart.spool.jobs) == ()


def test_a_scan_on_another_disk_leaves_the_whole_reserve(apart: Box, monkeypatch: pytest.MonkeyPatch):
    """Left where it is, it holds none of our space: half the reserve is for what lies on our own disk."""
    door = FolderDoor(apart.intake, apart.config.share[0])
    monkeypatch.setattr(files, "free_bytes", lambda _: apart.config.gateway.free_space + 2 * len(SCAN))
    door._take(drop(apart, {"1.pdf": SCAN}))
    assert (in_share(apart), files.listing(apart.spool.jobs)) == ({"1.pdf": SCAN}, ())


def copied(box: Box, count: int, stands_as: str) -> Envelope:
    """A claim of two files that a crash cut short: so many are copied, and the first still stands in the share."""
    draft = files.begin(box.spool, NOW)
    originals = tuple(Original(f"000{n}", f"{n}.pdf", len(SCAN), sha256(SCAN).hexdigest()) for n in (1, 2))
    committed = envelope(draft.id, origin=Origin(OriginKind.SHARE, "scans"), originals=originals)
    for original in originals[:count]:
        (draft.originals / original.stored).write_bytes(SCAN)
    files.note_copied(draft)
    files.commit(box.spool, draft, committed)
    box.spool.in_hand.clear()
    name = carry._hidden(f"{draft.id}-0001") if stands_as == "hidden" else "1.pdf"
    (box.config.share[0].path / name).write_bytes(SCAN)
    return committed


@pytest.mark.parametrize("stands_as", ["hidden", "named"])
def test_a_whole_claim_is_gone_on_with(apart: Box, stands_as: str):
    """A crash between copy and removal is one scan: what is in the job leaves the share before it is adopted."""
    whole = copied(apart, 2, stands_as)
    resume_claims(apart.spool, apart.journal, apart.config.share)
    assert in_share(apart) == {}
    assert files.listing(apart.spool.jobs) == (whole.id,)


@pytest.mark.parametrize("stands_as", ["hidden", "named"])
def test_half_a_claim_is_given_back(apart: Box, stands_as: str):
    """A crash between two files puts the first back under its name, once."""
    copied(apart, 1, stands_as)
    resume_claims(apart.spool, apart.journal, apart.config.share)
    assert in_share(apart) == {"1.pdf": SCAN}
    assert files.listing(apart.spool.jobs) == ()


def test_the_next_scan_of_the_same_name_is_spared(apart: Box):
    """Only the bytes that are in the job leave the share."""
    copied(apart, 2, "hidden")
    (apart.config.share[0].path / "2.pdf").write_bytes(b"the next")
    resume_claims(apart.spool, apart.journal, apart.config.share)
    assert in_share(apart) == {"2.pdf": b"the next"}


def test_a_file_hidden_without_a_copy_is_shown_again(apart: Box):
    """A crash just before the next scan of a name is shown again hides no scan for ever."""
    copied(apart, 0, "hidden")
    resume_claims(apart.spool, apart.journal, apart.config.share)
    assert in_share(apart) == {"1.pdf": SCAN}
    assert files.listing(apart.spool.jobs) == ()


@contextmanager
def unmounted(box: Box) -> Iterator[None]:
    """Have the share away: what is under a mount point is a folder of our own disk."""
    share = box.config.share[0].path
    away = share.with_name(f"{share.name}-away")
    share.rename(away)
    under = box.config.gateway.state.parent / "under"
    under.mkdir()
    share.symlink_to(under)
    try:
        yield
        assert {path.name for path in under.iterdir()} <= {"3.pdf"}
    finally:
        share.unlink()
        away.rename(share)


def test_a_claim_whose_share_goes_away_waits_for_it(apart: Box, monkeypatch: pytest.MonkeyPatch):
    """A share unmounted between two files gets the first one back once it is there again; its mount point never."""
    door, away = FolderDoor(apart.intake, apart.config.share[0]), ExitStack()
    real = carry.take

    def take(*args: Any) -> object:
        taken = real(*args)
        away.enter_context(unmounted(apart))
        return taken

    monkeypatch.setattr(carry, "take", take)
    arrival = drop(apart, {"1.pdf": SCAN, "2.pdf": b"another"})
    with away, pytest.raises(ShareError, match="is not mounted"):
        door._take(arrival)
    assert in_share(apart) == {"2.pdf": b"another"}
    monkeypatch.undo()
    door._take(drop(apart, {"3.pdf": b"a third"}))
    assert in_share(apart) == {"1.pdf": SCAN, "2.pdf": b"another"}
    assert apart.spool.in_hand == set()


def test_a_claim_waits_for_a_share_that_is_not_mounted(apart: Box):
    """Nothing is sent or given back while the share is away: what it still holds would be sent again or buried."""
    whole, half = copied(apart, 2, "named"), copied(apart, 1, "hidden")
    with unmounted(apart):
        apart.recover()
        assert apart.journal.jobs(frozenset(State), 10) == []
        assert files.listing(apart.spool.jobs) == tuple(sorted((whole.id, half.id)))
        with pytest.raises(ShareError, match="is not mounted"):
            FolderDoor(apart.intake, apart.config.share[0])._take(drop(apart, {"3.pdf": b"another"}))
    door = FolderDoor(apart.intake, apart.config.share[0])
    arrival = drop(apart, {"3.pdf": b"another"})
    door._take(arrival)
    assert list(in_share(apart).values()) == [SCAN]
    apart.recover()
    assert len(apart.journal.jobs(frozenset(State), 10)) == 2
