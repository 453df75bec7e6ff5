import asyncio
import errno
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.arrive.folder import FolderDoor
from gateway.spool import durable, files
from gateway.spool.envelope import Envelope
from gateway.spool.job import State
from hotfolder import claim, watch
from hotfolder.arrival import Arrival, ArrivedFile, Fault, Held, Hold, Recovered, Trouble
from hotfolder.errors import ShareError
from tests.gateway.arrive.sharing import drop, in_share
from tests.gateway.spool.given import NOW_S, Box
from tests.hotfolder.samples import pdf
from tests.peers.loopback import until

ONE, TWO = b"%PDF-1.4 one", b"%PDF-1.4 two!"


@pytest.fixture
def door(box: Box) -> FolderDoor:
    """The door of the box's share."""
    return FolderDoor(box.intake, box.config.share[0])


@pytest.fixture
def arrival(box: Box) -> Arrival:
    """A scan of two files, finished, in the share."""
    return drop(box, {"one.pdf": ONE, "two.pdf": TWO})


def owed(box: Box) -> list[tuple[Envelope, list[bytes]]]:
    """The jobs that are owed, as journal and directories agree, with their files."""
    ids = sorted(job.id for job in box.journal.jobs())
    assert tuple(ids) == files.listing(box.spool.jobs)
    directories = [box.spool.jobs / job_id for job_id in ids]
    return [
        (files.read_envelope(where), [path.read_bytes() for path in sorted((where / files.ORIGINAL).iterdir())])
        for where in directories
    ]


def assert_left(box: Box) -> None:
    """The scan is in the share, and nothing of it anywhere else."""
    assert in_share(box) == {"one.pdf": ONE, "two.pdf": TWO}
    assert owed(box) == []
    assert list(box.spool.incoming.iterdir()) == []
    assert box.spool.in_hand == set()


def test_a_scan_leaves_the_share_as_a_job(box, door, arrival):
    """A scan's files become one job, in page order, byte for byte, and the share is empty."""
    door._take(arrival)
    ((committed, contents),) = owed(box)
    assert contents == [ONE, TWO]
    assert [(o.stored, o.name, o.size_bytes) for o in committed.originals] == [
        ("0001", "one.pdf", len(ONE)),
        ("0002", "two.pdf", len(TWO)),
    ]
    assert (committed.recipients, committed.sender, committed.rejected) == (("office@contoso.com",), None, "")
    assert in_share(box) == {}
    assert box.spool.in_hand == set()


def test_a_rejected_arrival_is_a_job_that_says_so(box, door):
    """What is known to be no scan is taken with its sentence, so that it is told and kept."""
    door._take(drop(box, {"cut.pdf": b"%PDF"}, rejected="The file is cut short."))
    ((committed, _),) = owed(box)
    assert committed.rejected == "The file is cut short."


def test_a_name_is_bytes(box, door):
    """A file whose name is no UTF-8 is taken, and keeps its name."""
    name = os.fsdecode(b"Gr\xfc\xdfe\n.pdf")
    door._take(drop(box, {name: ONE}))
    ((committed, contents),) = owed(box)
    assert (committed.originals[0].name, contents) == (name, [ONE])


def test_a_file_leaves_the_share_only_after_the_commit(box, door, arrival, monkeypatch):
    """Until the job is flushed to its end the files are in the share, and then in the job, at no instant in neither."""
    seen: list[int] = []

    def look(step: str) -> None:
        seen.append(len(in_share(box)))

    monkeypatch.setattr(durable, "checkpoint", look)
    real = claim.rename_exclusive  # type: ignore[attr-defined]
    order: list[int] = []

    def rename_exclusive(*args: Any) -> None:
        order.append(len(seen))
        real(*args)

    monkeypatch.setattr(claim, "rename_exclusive", rename_exclusive)
    door._take(arrival)
    assert set(seen) == {2}
    assert order == [len(seen), len(seen)]


@pytest.mark.parametrize(
    "step", ["before write envelope.json", "after sync directory original", "before rename", "after rename"]
)
def test_a_fault_before_the_claim_leaves_the_scan(box, door, arrival, monkeypatch, step):
    """When the commit fails at any step the scan stays in the share, and no job is left of it."""

    def fail(name: str) -> None:
        if name.startswith(step):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable, "checkpoint", fail)
    with pytest.raises(OSError, match="No space"):
        door._take(arrival)
    assert_left(box)


@pytest.mark.parametrize("at", [1, 2])
def test_a_fault_within_the_claim_gives_the_scan_back(box, door, arrival, monkeypatch, at):
    """When a file cannot be claimed, those claimed before it go back under their names, and no job is left."""
    real, calls = claim.take, [0]

    def take(file: ArrivedFile, into: Path) -> object:
        calls[0] += 1
        if calls[0] == at:
            raise ShareError(errno.EIO, "the disk cannot read or write it")
        return real(file, into)

    monkeypatch.setattr(claim, "take", take)
    with pytest.raises(ShareError):
        door._take(arrival)
    assert_left(box)


def test_a_file_that_changed_gives_the_scan_back(box, door, arrival):
    """When one file was written to meanwhile nothing is taken: the scan is offered again when it is finished."""
    with (box.config.share[0].path / "two.pdf").open("ab") as late:
        late.write(b"more")
    door._take(arrival)
    assert in_share(box) == {"one.pdf": ONE, "two.pdf": TWO + b"more"}
    assert owed(box) == []
    assert box.spool.in_hand == set()


def test_a_file_that_is_open_again_gives_the_scan_back(box, door, arrival):
    """When a writer has come back nothing is taken, though not a byte has changed."""
    with (box.config.share[0].path / "two.pdf").open("ab"):
        door._take(arrival)
    assert_left(box)


def test_a_file_that_is_gone_gives_the_scan_back(box, door, arrival):
    """When a file was removed by its sender the rest stays in the share."""
    (box.config.share[0].path / "two.pdf").unlink()
    with pytest.raises(ShareError):
        door._take(arrival)
    assert in_share(box) == {"one.pdf": ONE}
    assert owed(box) == []


def test_too_little_room_leaves_the_scan(box, door, arrival, monkeypatch):
    """Without room for the scan nothing is begun, and the log says so."""
    monkeypatch.setattr(files, "free_bytes", lambda _: box.config.gateway.free_space // 8 + 2 * len(ONE + TWO))
    with capture_logs() as logged:
        door._take(arrival)
    assert [line["event"] for line in logged] == ["space-low"]
    assert len(door.left) == 1
    assert_left(box)


def test_scans_that_fill_the_disk_are_still_taken(box, door, arrival, monkeypatch):
    """Below the reserve, but above half of it, what lies in the share is taken: only its delivery makes room again."""
    monkeypatch.setattr(files, "free_bytes", lambda _: box.config.gateway.free_space // 2 + 2 * len(ONE + TWO) + 1)
    assert not door.intake.has_room()
    door._take(arrival)
    assert len(owed(box)) == 1


def test_below_half_the_reserve_one_scan_is_taken_after_the_other(box, door, arrival, monkeypatch):
    """While another scan waits to become a mail it stays in the share; then it is taken, or nothing would ever be."""
    monkeypatch.setattr(files, "free_bytes", lambda _: box.config.gateway.free_space // 8 + 2 * len(ONE + TWO) + 1)
    before = box.admit()
    door._take(arrival)
    assert files.listing(box.spool.jobs) == (before,)
    assert in_share(box) == {"one.pdf": ONE, "two.pdf": TWO}
    box.journal.move(before, State.READY, NOW_S)
    door._take(arrival)
    assert len(files.listing(box.spool.jobs)) == 2


async def test_a_dropped_file_is_taken(box, door):
    """A whole file in the folder is taken once it is quiet, and the run ends when nothing is left to take."""
    contents = pdf()
    (box.config.share[0].path / "scan.pdf").write_bytes(contents)
    quick = FolderDoor(door.intake, replace(door.share, quiet=0.1))
    async with asyncio.timeout(20):
        await quick.run(until_empty=True)
    assert [stored for _, stored in owed(box)] == [[contents]]
    assert quick.left == []


async def reports(share: object, **_: object) -> object:
    """Everything a share can report but arrivals."""
    yield Held(Path("half.pdf"), "no end mark", Hold.INCOMPLETE, "scans")
    yield Fault("the folder cannot be read", Trouble.FOLDER, "scans")
    yield Recovered("it is over", Trouble.FOLDER, "scans")


async def test_what_is_not_taken_is_told(door, monkeypatch):
    """What stays in the share and what is wrong with it is logged, and counted as left when the run ends."""
    monkeypatch.setattr(watch, "arrivals", reports)
    with capture_logs() as logged:
        await door.run(until_empty=True)
    assert [line["event"] for line in logged] == ["share-held", "share-fault", "share-recovered"]
    assert door.left == ["still incomplete: half.pdf: no end mark", "the folder cannot be read"]


async def many(share: object, **_: object) -> object:
    """A share that somebody has filled with files that are no scans."""
    for number in range(5000):
        yield Held(Path(f"{number}.pdf"), "no end mark", Hold.INCOMPLETE, "scans")


async def test_a_share_full_of_rubbish_does_not_fill_the_log(door, monkeypatch):
    """A hundred lines in ten minutes are the most, the last says so; a service keeps none of it in memory."""
    monkeypatch.setattr(watch, "arrivals", many)
    with capture_logs() as logged:
        await door.run()
    assert [line["file"] for line in logged[:-1]] == [f"{number}.pdf" for number in range(99)]
    assert "more than 99 files in ten minutes are held" in logged[-1]["reason"]
    assert door.left == []
    await door.run(until_empty=True)
    assert len(door.left) == 5000


def test_a_full_disk_is_not_told_for_each_scan(door, arrival, monkeypatch):
    """Scans that wait for room are offered again and again; the log is told twenty times in ten minutes at most."""
    monkeypatch.setattr(files, "free_bytes", lambda _: 0)
    with capture_logs() as logged:
        for _ in range(50):
            door._take(arrival)
    assert [line["event"] for line in logged] == ["space-low"] * 20


@pytest.mark.parametrize(("number", "event"), [(errno.ENOSPC, "space-low"), (errno.EIO, "local-fault")])
async def test_a_fault_of_the_disk_does_not_stop_the_door(box, door, arrival, monkeypatch, number, event):
    """A scan that cannot be taken now is logged and left; the door goes on."""

    def begin(*_: object) -> files.Draft:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "begin", begin)
    with capture_logs() as logged:
        await door._take_guarded(arrival)
    assert [line["event"] for line in logged] == [event]
    monkeypatch.undo()
    assert_left(box)
    await door._take_guarded(arrival)
    assert len(owed(box)) == 1


@pytest.mark.parametrize("is_failing", [False, True])
async def test_a_stop_waits_for_the_claim(box, door, arrival, monkeypatch, is_failing):
    """When the service stops while a scan is being taken, that is finished first; a fault in it is still logged."""
    reached, opened_gate = threading.Event(), threading.Event()

    def stop(step: str) -> None:
        if step.startswith("before rename"):
            reached.set()
            assert opened_gate.wait(10)
            if is_failing:
                raise OSError(errno.EIO, "fault")

    monkeypatch.setattr(durable, "checkpoint", stop)
    with capture_logs() as logged:
        taking = asyncio.create_task(door._take_guarded(arrival))
        await until(reached.is_set, 10, "the commit begun")
        taking.cancel()
        await asyncio.sleep(0)
        assert not taking.done()
        opened_gate.set()
        with pytest.raises(asyncio.CancelledError):
            await taking
    assert [line["event"] for line in logged] == (["local-fault"] if is_failing else ["job-accepted"])
    assert len(owed(box)) == (0 if is_failing else 1)
