"""What the mail of a scan shows of it, and which mails are never sent on."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from conf.model import Pdf
from gateway.spool import files
from gateway.spool.job import State
from gateway.spool.loop import OWN_SCAN
from gateway.spool.untold import UNTOLD
from image import make
from image.confined import worker
from image.document import Document, Page, Thumbnail
from tests.gateway.normalise.mails import attached
from tests.gateway.normalise.station import SMALL, Station, mailed
from tests.gateway.spool.given import Box, config, opened
from tests.peers.scans import jpeg, tiff_g4


def shown(station: Station, job_id: Any) -> list[str]:
    """The names of the pictures in a mail's text."""
    pictures = [part for part in station.mail(job_id).walk() if part.get_content_type() == "image/jpeg"]
    return [str(picture.get_filename()) for picture in pictures]


async def work(box: Box) -> Station:
    """A normaliser of the box that has done all there is to do."""
    station = Station(box)
    await station.work()
    return station


@pytest.mark.parametrize(
    ("count", "names"), [(0, []), (2, ["page-1.jpg", "page-2.jpg"]), (4, ["page-1.jpg", "page-2.jpg", "page-3.jpg"])]
)
async def test_the_first_pages_are_shown(count: int, names: list[str], tmp_path: Path):
    """As many first pages are shown in the mail as [mail] thumbnails says, and the PDF is its one attachment."""
    with opened(config(tmp_path, mail={"thumbnails": count})) as box:
        job_id = box.admit(contents=tiff_g4(pages=3, size_px=SMALL))
        station = await work(box)
        assert shown(station, job_id) == names
        assert [part.get_content_type() for part in station.mail(job_id).iter_attachments()] == ["application/pdf"]


async def test_a_scan_goes_without_what_cannot_be_shown(station: Station, monkeypatch: pytest.MonkeyPatch):
    """Whatever happens to the thumbnails, the scan is sent, and the log says why it shows none."""

    async def fail(*_args: Any, **_named: Any) -> tuple[Thumbnail, ...]:
        raise OSError(12, "no process to be had")

    monkeypatch.setattr(worker, "thumbnails", fail)
    job_id = station.box.admit(contents=jpeg(size_px=SMALL))
    with capture_logs() as logged:
        await station.work()
    assert station.job(job_id).state is State.READY
    assert shown(station, job_id) == []
    (line,) = [line for line in logged if line["event"] == "job-ready"]
    assert "no process to be had" in line["no_thumbnails"]


async def test_a_stop_while_they_are_made_leaves_the_job(station: Station, monkeypatch: pytest.MonkeyPatch):
    """A service stopped at that point finds the job accepted, and the next start makes the very mail."""
    job_id = station.box.admit(contents=jpeg(size_px=SMALL))
    reached = asyncio.Event()

    async def hang(*_args: Any, **_named: Any) -> tuple[Thumbnail, ...]:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(worker, "thumbnails", hang)
        task = asyncio.create_task(station.work())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert station.job(job_id).state is State.ACCEPTED
    await station.work()
    assert shown(station, job_id) == ["page-1.jpg"]


@pytest.mark.parametrize(("spare", "names"), [(0, ["page-1.jpg"]), (-1, [])])
async def test_pages_are_shown_where_there_is_room(
    spare: int, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A mail that thumbnails would bring over mail_limit, by a byte, goes without them; the scan stays as it is."""
    with opened(config(tmp_path / "a")) as box:
        first = box.admit(contents=jpeg(size_px=SMALL))
        size_bytes = (await work(box)).job(first).size_bytes
        assert size_bytes is not None
    limits = replace(Pdf(), mail_limit=size_bytes + spare, over_limit=())
    monkeypatch.setattr("gateway.normalise.settings._HEAD_BYTES", 0)
    with opened(replace(config(tmp_path / "b"), pdf=limits)) as box:
        second = box.admit(contents=jpeg(size_px=SMALL))
        station = await work(box)
        assert shown(station, second) == names


async def test_each_mail_of_a_split_scan_shows_its_own(station: Station, monkeypatch: pytest.MonkeyPatch):
    """A scan in several mails shows in each the first pages of that mail."""
    from tests.gateway.normalise.splitting import split_in_three

    asked: list[tuple[int, ...]] = []

    async def small(_path: Path, pages: Sequence[int], **_named: Any) -> tuple[Thumbnail, ...]:
        asked.append(tuple(pages))
        return tuple(Thumbnail(page, 240, 340, b"\xff\xd8") for page in pages)

    monkeypatch.setattr(worker, "convert", split_in_three)
    monkeypatch.setattr(worker, "thumbnails", small)
    job_id = station.box.admit()
    await station.work()
    assert asked == [(1, 2, 3, 4, 5, 6, 7)]
    assert shown(station, job_id) == ["page-1.jpg", "page-2.jpg", "page-3.jpg"]
    assert shown(station, f"{job_id}-p2") == ["page-4.jpg", "page-5.jpg", "page-6.jpg"]
    assert shown(station, f"{job_id}-p3") == ["page-7.jpg"]


def test_pages_that_are_few_are_all_asked_for():
    """No page is asked for that is not there."""
    assert make.first_pages(Document(Path("x"), (Page(1.0, 1.0, "passed"),), 9), 3) == (1,)


@pytest.mark.parametrize("part", ["", "-p2"])
async def test_our_own_scan_is_not_sent_round(station: Station, part: str):
    """A scan of ours that a mailbox sends back to the box fails with a sentence, and is kept."""
    first = station.box.admit(contents=jpeg(size_px=SMALL))
    await station.work()
    ours = (station.box.spool.jobs / first / files.MESSAGE).read_bytes()
    forwarded = b"Received: from a.example by b.example; Mon, 23 Nov 2026 09:03:00 +0000\r\n" + ours
    back = mailed(station.box, forwarded.replace(b"@contoso.com>", part.encode() + b"@contoso.com>"))
    await station.work()
    job = station.job(back)
    assert (job.state, job.reason) == (State.FAILED, OWN_SCAN)
    assert (station.box.spool.failed / back).is_dir()


@pytest.mark.parametrize(
    "answer",
    [
        attached(("application/pdf", "scan.pdf", b"%PDF-1.4"))
        .as_bytes()
        .replace(b"multipart/mixed", b"multipart/report"),
        b"Content-Type: multipart/report\r\nX: " + b"x" * 300_000 + b"\r\n\r\nIt was not delivered.\r\n",
        b"Message-ID: <20261123T090257Z-k7q2-n@contoso.com>",
    ],
    ids=["report", "endless", "bodyless"],
)
async def test_an_automatic_answer_is_no_scan(answer: bytes, station: Station):
    """A delivery report is not taken for a scan, although it holds one; nor is what holds none told as such."""
    job_id = mailed(station.box, answer)
    await station.work()
    assert (station.job(job_id).state, station.job(job_id).reason) == (State.FAILED, UNTOLD)
