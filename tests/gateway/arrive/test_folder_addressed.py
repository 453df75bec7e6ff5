"""The door of a share whose folders and sidecars say who gets a scan."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.arrive.folder import FolderDoor
from gateway.normalise.material import material_of
from gateway.spool import files
from gateway.spool.envelope import Envelope
from hotfolder import claim
from hotfolder.arrival import Arrival, ArrivedFile
from hotfolder.errors import ShareError
from hotfolder.look import stamp_of
from hotfolder.look_sidecar import Read, read_sidecar
from tests.gateway.spool.given import Box, config, opened

ALICE = "alice@contoso.com"
SCAN, TO_BOB = b"%PDF-1.4 one", b'{"to": ["bob@contoso.com"], "subject": "Invoice"}'
OFFICE = ["office@contoso.com"]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box whose share has folders for people, sidecars, and ``to`` for the rest."""
    ways: dict[str, Any] = {"folders": "address", "sidecars": True, "recipients": ["contoso.com"], "to": OFFICE}
    with opened(config(tmp_path, share=[{"name": "scans", "path": tmp_path / "share", **ways}])) as opening:
        yield opening


@pytest.fixture
def door(box: Box) -> FolderDoor:
    """The door of its share."""
    return FolderDoor(box.intake, box.config.share[0])


def drop(box: Box, contents: dict[str, bytes], folder: str = "", rejected: str = "") -> Arrival:
    """Put files into the share, and return them as found finished; those that are no PDF are sidecars."""
    share = box.config.share[0]
    found = []
    for name, data in contents.items():
        path = share.path / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        is_sidecar = not name.endswith(".pdf")
        found.append(ArrivedFile(path, stamp_of(path.stat()), folder=folder, is_sidecar=is_sidecar))
    return Arrival(share.name, tuple(found), rejected)


def only(box: Box) -> Envelope:
    """The envelope of the only job, which the journal knows with the same recipients."""
    (job,) = box.journal.jobs()
    envelope = files.read_envelope(box.spool.jobs / job.id)
    assert tuple(one.address for one in job.recipients) == envelope.recipients
    return envelope


def in_share(box: Box) -> dict[str, bytes]:
    """The files in the share, by key."""
    root = box.config.share[0].path
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_scan_in_a_folder_is_its_persons(box, door):
    """The folder's name is the recipient; the folder itself stays."""
    door._take(drop(box, {"one.pdf": SCAN}, folder=ALICE))
    envelope = only(box)
    assert (envelope.recipients, envelope.rejected) == ((ALICE,), "")
    assert envelope.originals[0].folder == ALICE
    assert in_share(box) == {}
    assert (box.config.share[0].path / ALICE).is_dir()


def test_a_sidecar_travels_and_is_no_page(box, door):
    """What the sidecar says is in the envelope, the file itself in the job, and only the scan becomes pages."""
    door._take(drop(box, {"one.pdf": SCAN, "one.json": TO_BOB}))
    envelope = only(box)
    assert (envelope.recipients, envelope.subject, envelope.title) == (("bob@contoso.com",), "Invoice", "one.pdf")
    directory = box.spool.jobs / envelope.id
    assert (directory / files.ORIGINAL / "0002").read_bytes() == TO_BOB
    assert material_of(directory, envelope, box.config).names == ("one.pdf",)
    assert in_share(box) == {}


@pytest.mark.parametrize(
    ("contents", "folder", "part"),
    [
        ({"one.pdf": SCAN}, "nobody", "is no e-mail address"),
        ({"one.pdf": SCAN}, "eve@fabrikam.com", "is not in recipients"),
        ({"one.pdf": SCAN, "one.json": b"{"}, "", "it is no JSON"),
        ({"one.pdf": SCAN, "one.json": b"{}"}, "", "names nobody"),
        ({"one.pdf": SCAN, "one.txt": b"To: eve@fabrikam.com"}, "", "is not in recipients"),
        ({"one.pdf": SCAN, "one.json": TO_BOB}, ALICE, "names somebody else"),
    ],
)
def test_what_cannot_be_addressed_is_rejected(box, door, contents, folder, part):
    """A scan that nobody is found for is taken as rejected, with all its files and no recipient at all."""
    door._take(drop(box, contents, folder=folder))
    envelope = only(box)
    assert part in envelope.rejected
    assert (envelope.recipients, envelope.subject) == ((), "")
    assert [original.name for original in envelope.originals] == list(contents)
    assert in_share(box) == {}


def test_a_rejected_arrival_keeps_its_own_sentence(box, door):
    """A scan cut short says so, whoever would have got it; a sidecar of it is not even read."""
    door._take(drop(box, {"one.pdf": SCAN, "one.json": b"{"}, rejected="The file is cut short."))
    assert only(box).rejected == "The file is cut short."


def test_a_sidecar_that_changes_leaves_both(box, door, monkeypatch):
    """When a sidecar is not any more what was offered, before or after it was read, scan and sidecar are left."""
    arrival = drop(box, {"one.pdf": SCAN, "one.json": TO_BOB})
    path = arrival.files[1].path
    path.write_bytes(TO_BOB.replace(b"bob@", b"alice@"))
    door._take(arrival)
    assert box.journal.jobs() == []

    arrival = drop(box, {"one.pdf": SCAN, "one.json": TO_BOB})
    monkeypatch.setattr("gateway.arrive.folder.read_sidecar", another)
    door._take(arrival)
    monkeypatch.undo()
    assert box.journal.jobs() == []
    assert in_share(box) == {"one.pdf": SCAN, "one.json": TO_BOB}
    assert list(box.spool.incoming.iterdir()) == []
    assert box.spool.in_hand == set()
    door._take(arrival)
    assert only(box).recipients == ("bob@contoso.com",)


def another(file: ArrivedFile) -> Read | None:
    """The sidecar, as if other bytes had said what it says."""
    read = read_sidecar(file)
    return None if read is None else replace(read, sha256="0" * 64)


def test_a_folder_renamed_between_commit_and_claim_sends_nothing(box, door, monkeypatch):
    """When the folder gets another name right before its file is claimed, the job is undone and the file stays."""
    arrival = drop(box, {"one.pdf": SCAN}, folder=ALICE)
    real = claim.take

    def take(file: ArrivedFile, into: Path) -> object:
        root = box.config.share[0].path
        (root / ALICE).rename(root / "bob@contoso.com")
        return real(file, into)

    monkeypatch.setattr(claim, "take", take)
    door._take(arrival)
    assert box.journal.jobs() == []
    assert files.listing(box.spool.jobs) == ()
    assert in_share(box) == {"bob@contoso.com/one.pdf": SCAN}


@pytest.mark.parametrize("at", [1, 2])
def test_a_fault_within_the_claim_gives_back_into_the_folder(box, door, monkeypatch, at):
    """When one of the files cannot be claimed, all stand in their folder again."""
    arrival = drop(box, {"one.pdf": SCAN, "one.txt": b"Subject: x"}, folder=ALICE)
    real, calls = claim.take, [0]

    def take(file: ArrivedFile, into: Path) -> object:
        calls[0] += 1
        if calls[0] == at:
            raise ShareError(5, "the disk cannot read or write it")
        return real(file, into)

    monkeypatch.setattr(claim, "take", take)
    with pytest.raises(ShareError):
        door._take(arrival)
    assert in_share(box) == {f"{ALICE}/one.pdf": SCAN, f"{ALICE}/one.txt": b"Subject: x"}
    assert files.listing(box.spool.jobs) == ()


def test_a_sidecar_never_stays_beside_the_next_scan_of_its_name(box, door, monkeypatch):
    """While a scan's name is free for the next one, its sidecar is off the share: whatever fails, it addresses none."""
    arrival = drop(box, {"one.pdf": SCAN, "one.json": TO_BOB})
    real = claim.take

    def take(file: ArrivedFile, into: Path) -> object:
        if file.is_sidecar:
            raise ShareError(5, "the disk cannot read or write it")
        taken = real(file, into)
        file.path.write_bytes(b"the next")
        return taken

    monkeypatch.setattr(claim, "take", take)
    with pytest.raises(ShareError):
        door._take(arrival)
    assert in_share(box) == {"one.pdf": SCAN, "one.json": TO_BOB}


def test_an_envelope_of_a_fixed_share_is_written_as_ever(tmp_path: Path):
    """A scan of a share without folders and sidecars has an envelope that an older scangate reads."""
    with opened(config(tmp_path)) as box:
        FolderDoor(box.intake, box.config.share[0])._take(drop(box, {"one.pdf": SCAN}))
        (job_id,) = files.listing(box.spool.jobs)
        written = json.loads((box.spool.jobs / job_id / files.ENVELOPE).read_text())
    assert not {"subject"} & set(written)
    assert set(written["originals"][0]) == {"stored", "name", "size_bytes", "sha256"}
