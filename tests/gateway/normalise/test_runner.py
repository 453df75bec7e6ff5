import io
import os
import re
from email.message import EmailMessage

import pypdf
import pytest
from structlog.testing import capture_logs

from conf.model import Address
from gateway.spool import files
from gateway.spool.job import Fate, State
from tests.gateway.normalise.mails import attached
from tests.gateway.normalise.station import SMALL, Station, failing_with, mailed, shared
from tests.gateway.spool.given import config, opened
from tests.peers.scans import jpeg, tiff_g4


def pages_of(mail: EmailMessage) -> int:
    """How many pages the attached PDF has."""
    (attachment,) = mail.iter_attachments()
    return len(pypdf.PdfReader(io.BytesIO(attachment.get_content())).pages)


async def test_a_scan_becomes_its_message(station):
    """A scan from the share becomes one mail with one PDF, ready to send; the original stays, nothing else does."""
    job_id = station.box.admit(contents=tiff_g4(pages=2, size_px=SMALL))
    await station.work()
    job = station.job(job_id)
    assert (job.state, job.pages, job.title, station.told) == (State.READY, 2, "scan.pdf", ["ready"])
    mail = station.mail(job_id)
    assert (mail["Subject"], mail["To"], pages_of(mail)) == ("Scan from scans: scan", "office@contoso.com", 2)
    assert sorted(os.listdir(station.box.spool.jobs / job_id)) == ["envelope.json", "message.eml", "original"]


async def test_the_files_of_a_share_keep_their_order_and_notes(station):
    """Files of one scan are its pages in the order the share gave them, 0001 after 9999; notes reach mail and log."""
    pages = {"Doc_9999.tif": tiff_g4(size_px=SMALL), "Doc_0001.tif": tiff_g4(pages=2, size_px=SMALL)}
    job_id = shared(station.box, pages, notes=("Page 2 (Doc_0002.tif) seems to be missing.",))
    with capture_logs() as logged:
        await station.work()
    mail = station.mail(job_id)
    assert mail["Subject"] == "Scan from scans: Doc_9999"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Page 2 (Doc_0002.tif) seems to be missing." in body.get_content()
    (line,) = [line for line in logged if line["event"] == "job-ready"]
    assert (line["pages"], line["notes"]) == (3, "Page 2 (Doc_0002.tif) seems to be missing.")


async def test_a_mail_becomes_its_message(station):
    """All scans in a device's mail become one PDF in their order, under the device's subject; other parts are left."""
    message = attached(
        ("image/jpeg", "1.jpg", jpeg(size_px=SMALL)),
        ("text/csv", "list.csv", b"a,b\n"),
        ("application/octet-stream", "", tiff_g4(pages=2, size_px=SMALL)),
    ).as_bytes()
    job_id = mailed(station.box, message)
    await station.work()
    job = station.job(job_id)
    assert (job.state, job.pages, job.title) == (State.READY, 3, "Scan")
    assert pages_of(station.mail(job_id)) == 3
    assert station.mail(job_id)["Reply-To"] == "printer@contoso.com"
    assert sorted(os.listdir(station.box.spool.jobs / job_id)) == ["envelope.json", "message.eml", "original"]


async def test_the_message_is_the_same_again(station, box):
    """A job normalised again, because its message was lost, gives the same bytes."""
    job_id = box.admit(contents=jpeg(size_px=SMALL))
    await station.work()
    path = box.spool.jobs / job_id / files.MESSAGE
    first = path.read_bytes()
    assert b"Content-Type: image/jpeg" in first
    path.unlink()
    with box.database.transaction() as db:
        db.execute("DELETE FROM job")
    box.recover()
    await station.work()
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"this is no scan", "not a scan"),
        (b"%PDF-1.4 damaged", "damaged"),
        (b"", "empty"),
        (tiff_g4(size_px=SMALL)[:60], "damaged|cut"),
    ],
    ids=["text", "pdf", "nothing", "tiff"],
)
async def test_what_cannot_be_read_fails_with_a_sentence(station, contents, said):
    """A scan that cannot be read fails with a sentence for its sender, is kept, and somebody is told; others go on."""
    bad, good = station.box.admit(contents=contents), station.box.admit(contents=jpeg(size_px=SMALL))
    await station.work()
    job = station.job(bad)
    assert (job.state, job.recipients[0].fate, job.recipients[0].reply) == (State.FAILED, Fate.FAILED, job.reason)
    assert job.reason.endswith(".")
    assert station.box.journal.untold(10) == [job]
    kept = station.box.spool.failed / bad
    assert sorted(os.listdir(kept)) == ["envelope.json", "original"]
    assert (kept / "original" / "0001").read_bytes() == contents
    assert station.job(good).state is State.READY
    assert sorted(station.told) == ["failed", "ready"]
    assert re.search(said, job.reason, re.IGNORECASE)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (
            b"Subject: hello\r\n\r\nNo scan.\r\n",
            "The mail holds no scan: no PDF, TIFF, JPEG, PNG, BMP, GIF or JPEG 2000 is attached.",
        ),
        (attached(("text/csv", "x.csv", b"a,b")).as_bytes(), "The mail holds no scan"),
        (b"", "The mail holds no scan"),
        (b"X: y\r\n" * 60_000, "The mail has headers without end."),
    ],
)
async def test_a_mail_without_scan_fails_with_a_sentence(station, message, reason):
    """A mail that holds no scan fails with a sentence, and keeps no more than what arrived."""
    job_id = mailed(station.box, message)
    await station.work()
    assert station.job(job_id).state is State.FAILED
    assert station.job(job_id).reason.startswith(reason)
    assert sorted(os.listdir(station.box.spool.failed / job_id)) == ["envelope.json", "original"]


async def test_a_damaged_attachment_is_named(station):
    """A mail whose scan is cut short fails because of the scan, not as a mail without one."""
    message = attached(("application/pdf", "scan.pdf", b"%PDF-1.4 cut")).as_bytes()
    job_id = mailed(station.box, message)
    await station.work()
    assert station.job(job_id).state is State.FAILED
    assert "no scan" not in station.job(job_id).reason


async def test_a_rejected_arrival_fails_with_its_sentence(station, monkeypatch):
    """What was rejected as it arrived fails with that sentence, without being converted."""
    asked = failing_with(monkeypatch, AssertionError())
    job_id = station.box.admit(rejected="The file is cut short.")
    await station.work()
    assert (station.job(job_id).state, station.job(job_id).reason) == (State.FAILED, "The file is cut short.")
    assert asked == []


async def test_a_mail_over_the_limit_fails_with_the_sizes(tmp_path):
    """A scan too large for one mail fails with both sizes and what to do, and leaves nothing but what arrived."""
    with opened(config(tmp_path, pdf={"mail_limit": "100 KB", "over_limit": []})) as box:
        station = Station(box)
        job_id = box.admit(contents=jpeg(quality=95, size_px=(1600, 1200)))
        await station.work()
        reason = station.job(job_id).reason
        assert station.job(job_id).state is State.FAILED
        assert re.search(r"makes a PDF of \d+ kB, and one mail has room for a PDF of 61 kB\. Please scan", reason)
        assert sorted(os.listdir(box.spool.failed / job_id)) == ["envelope.json", "original"]


async def test_room_is_left_for_every_recipient(tmp_path):
    """A scan for very many recipients is made to fit with all of them on its mail, and is not refused for them."""
    scan = jpeg(quality=95, size_px=(1600, 1200))
    everybody = tuple(Address(f"a.person.with.a.long.name.{number}@contoso.com") for number in range(600))

    async def size_bytes(limit_bytes: int, recipients: tuple[Address, ...]) -> int:
        (tmp_path / str(limit_bytes)).mkdir()
        with opened(config(tmp_path / str(limit_bytes), pdf={"mail_limit": f"{limit_bytes} B"})) as box:
            station = Station(box)
            job_id = box.admit(contents=scan, recipients=recipients)
            await station.work()
            assert station.job(job_id).state is State.READY, station.job(job_id).reason
            return (box.spool.jobs / job_id / files.MESSAGE).stat().st_size

    limit_bytes = await size_bytes(25_000_000, everybody[:1]) + 16_384
    assert await size_bytes(limit_bytes, everybody) <= limit_bytes
