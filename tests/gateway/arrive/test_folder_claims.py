"""What the start does with claims that were cut short."""

import errno
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.arrive import folder
from gateway.arrive.folder import resume_claims
from gateway.spool import files
from gateway.spool.envelope import Envelope, Origin, Original, OriginKind
from gateway.spool.job import State
from hotfolder import claim
from hotfolder.errors import ShareError
from tests.gateway.arrive.sharing import in_share
from tests.gateway.spool.given import NOW, Box, config, envelope, opened


def half_claimed(box: Box, taken: dict[str, bytes], name: str = "scans", where: str = "") -> Envelope:
    """A job whose claim was cut short: both files are named, and these are there."""
    draft = files.begin(box.spool, NOW)
    originals = tuple(Original(f"000{n}", f"{n}.pdf", 3, "", where) for n in (1, 2))
    committed = envelope(draft.id, origin=Origin(OriginKind.SHARE, name), originals=originals)
    for stored, data in taken.items():
        (draft.originals / stored).write_bytes(data)
    files.commit(box.spool, draft, committed)
    box.spool.in_hand.clear()
    return committed


def test_a_claim_cut_short_is_undone(box):
    """What was taken goes back to the share, beside a newer file of its name, and the job is gone."""
    half_claimed(box, {"0001": b"old"})
    (box.config.share[0].path / "1.pdf").write_bytes(b"new")
    resume_claims(box.spool, box.journal, box.config.share)
    assert in_share(box) == {"1.pdf": b"new", "1~2.pdf": b"old"}
    assert files.listing(box.spool.jobs) == ()


@pytest.mark.parametrize("is_there", [False, True])
def test_a_claim_cut_short_goes_back_to_its_folder(box, is_there):
    """What was taken out of a sub-folder goes back into it and nowhere else; it is made again when it is gone."""
    half_claimed(box, {"0001": b"old"}, where="alice@contoso.com")
    home = box.config.share[0].path / "alice@contoso.com"
    if is_there:
        home.mkdir()
        (home / "2.pdf").write_bytes(b"still here")
    resume_claims(box.spool, box.journal, box.config.share)
    expected = {"1.pdf": b"old"} | ({"2.pdf": b"still here"} if is_there else {})
    assert {path.name: path.read_bytes() for path in home.iterdir()} == expected
    assert [path.name for path in box.config.share[0].path.iterdir()] == ["alice@contoso.com"]
    assert files.listing(box.spool.jobs) == ()


@pytest.mark.parametrize("is_bare", [False, True])
def test_a_claim_not_begun_is_removed(box, is_bare):
    """A job of the share that holds no file is removed at the start, even if its directory for them is gone."""
    committed = half_claimed(box, {})
    if is_bare:
        (box.spool.jobs / committed.id / files.ORIGINAL).rmdir()
    resume_claims(box.spool, box.journal, box.config.share)
    assert files.listing(box.spool.jobs) == ()


def test_a_whole_claim_is_left_to_adoption(box):
    """A job that has all its files is not given back; nor is one that the journal knows, nor a mail."""
    whole = box.commit()
    mailed = box.commit(origin=Origin(OriginKind.SMTP, "smtp"), originals=(Original("0009", "m", 1, ""),))
    known = half_claimed(box, {"0001": b"old"})
    box.journal.admit(known, 0.0)
    resume_claims(box.spool, box.journal, box.config.share)
    assert set(files.listing(box.spool.jobs)) == {whole.id, mailed.id, known.id}
    assert in_share(box) == {}


def test_a_claim_of_a_share_that_is_no_more_is_kept(box):
    """Files of a share that was taken out of the configuration are never removed; an empty job of it is."""
    kept, empty = half_claimed(box, {"0001": b"old"}, "gone"), half_claimed(box, {}, "gone")
    box.recover()
    assert (box.spool.quarantine / kept.id / "original" / "0001").read_bytes() == b"old"
    assert [job.id for job in box.journal.untold(10)] == [kept.id]
    assert files.find(box.spool, empty.id) is None


def test_a_claim_that_cannot_be_undone_waits(box, monkeypatch):
    """When giving back fails at the start, the job is kept for the next one, and the others are dealt with."""
    stuck, other = half_claimed(box, {"0001": b"old"}), half_claimed(box, {"0002": b"two"})
    real = claim.give_back

    def give_back(path: Path, share_dir: Path, name: str, folder: str) -> Path:
        if stuck.id in path.parts:
            raise ShareError(errno.EIO, "the disk cannot read or write it")
        return real(path, share_dir, name, folder)

    monkeypatch.setattr(claim, "give_back", give_back)
    with capture_logs() as logged:
        box.recover()
    assert [line["job"] for line in logged if line["event"] == "local-fault"] == [stuck.id]
    assert files.listing(box.spool.jobs) == (stuck.id,)
    assert in_share(box) == {"2.pdf": b"two"}
    monkeypatch.undo()
    with opened(box.config) as again:
        again.recover()
    assert in_share(box) == {"1.pdf": b"old", "2.pdf": b"two"}
    assert files.find(box.spool, other.id) is None


def test_a_corrupt_claim_is_left_to_adoption(box):
    """A job without a readable envelope is not guessed at; adoption quarantines it."""
    wreck = half_claimed(box, {"0001": b"old"})
    (box.spool.jobs / wreck.id / files.ENVELOPE).write_bytes(b"noise")
    box.recover()
    assert box.state_of(wreck.id) is State.QUARANTINE
    assert in_share(box) == {}


def test_giving_back_can_be_repeated(box, tmp_path):
    """Giving back is safe to call for a job of which a part is back already."""
    committed = half_claimed(box, {"0002": b"two"})
    folder.give_back(box.spool.jobs / committed.id, committed, config(tmp_path).share[0].path)
    assert in_share(box) == {"2.pdf": b"two"}
