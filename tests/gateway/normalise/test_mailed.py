"""What becomes of everything in a mail that is no scan, and of a mail without any."""

import email
import email.policy
import io
from dataclasses import replace

import pypdf
import pytest
from structlog.testing import capture_logs

from gateway.normalise.material import NO_SCAN
from gateway.spool.job import JobId, State
from gateway.spool.untold import UNTOLD
from tests.gateway.normalise.mailing import (
    ADMIN,
    TIFF,
    files_of,
    listening,
    made,
    pages_of,
    refused,
    text_of,
    zipped,
)
from tests.gateway.normalise.mails import attached, multipart
from tests.gateway.normalise.station import SMALL, Station
from tests.gateway.normalise.telling import tell_all
from tests.gateway.spool.given import config, opened
from tests.peers.scans import jpeg, pdf, tiff_g4

WINMAIL = b"\x78\x9f\x3e\x22\x00\x00"


async def test_the_text_is_kept(station):
    """What the device wrote stands in the mail, in its charset and with its signature; no control character does."""
    mail = attached(
        ("image/tiff", "scan.tif", TIFF), text="Gr\u00fc\u00dfe aus B\u00fcro\x07 2\n\n\n-- \nSent from MFP-07\n"
    )
    text = text_of(await made(station, mail.as_bytes()))
    assert "The printer wrote: Gr\u00fc\u00dfe aus B\u00fcro 2 -- Sent from MFP-07" in text
    body = b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe\r\n"
    entity = b"Content-Type: image/tiff\r\n\r\n" + TIFF
    assert "Gr\u00fc\u00dfe" in text_of(await made(station, multipart(body, entity)))


@pytest.mark.parametrize("plain", [True, False])
async def test_of_two_forms_of_a_text_one_is_taken(station, plain):
    """Of plain text and HTML in alternative the plain one is taken; HTML alone becomes text."""
    page = b"Content-Type: text/html\r\n\r\n<head><title>no</title></head><p>Page &amp; more<br>two<script>x</script>"
    both = b'Content-Type: multipart/alternative; boundary="a"\r\n\r\n'
    both += (b"--a\r\n\r\nplain words\r\n" if plain else b"") + b"--a\r\n" + page + b"\r\n--a--"
    text = text_of(await made(station, multipart(both, b"Content-Type: image/tiff\r\n\r\n" + TIFF)))
    assert ("plain words" in text, "Page & more two" in text) == (plain, not plain)
    assert "<" not in text
    assert "no" not in text.split("wrote:")[1].split()
    assert "left out" not in text


async def test_other_parts_are_left_out_and_named(station):
    """By default what is attached and no scan is left out, and mail and log say so."""
    mail = attached(("text/csv", "list.csv", b"a,b\n"), ("image/tiff", "1.tif", TIFF), ("application/x", "", b"\1\2"))
    with capture_logs() as logged:
        out = await made(station, mail.as_bytes())
    assert [kind for _, kind in files_of(out)] == ["application/pdf"]
    assert '"list.csv" came with the scan and is left out: it is no scan.' in text_of(out)
    assert "A part of type application_x came with" in text_of(out)
    (line,) = [line for line in logged if line["event"] == "job-ready"]
    assert '"list.csv"' in line["notes"]


async def test_other_parts_are_passed(tmp_path):
    """With other_parts = "pass" they go along as they came, under a type that nothing acts upon; programs never do."""
    office = zipped(("[Content_Types].xml", b"x"), ("word/document.xml", b"y"))
    mail = attached(
        ("image/tiff", "1.tif", TIFF),
        ("text/csv", "Liste \u00fc.csv", b"a,b\r\n"),
        ("application/msword", "note.docx", office),
        ("text/html", "page.HTML", b"<script>"),
        ("application/octet-stream", "setup.exe.txt", b"MZ\0"),
        ("application/x-msdownload", "x.exe", b"\0\0\1"),
        ("application/octet-stream", "..\\..\\etc\\evil name.bin", b"\1\2"),
    )
    with listening(tmp_path, other_parts="pass") as box:
        out = await made(Station(box), mail.as_bytes())
    assert files_of(out)[1:] == [
        ("Liste \u00fc.csv", "text/csv"),
        ("note.docx", "application/octet-stream"),
        ("etc_evil name.bin", "application/octet-stream"),
    ]
    assert [part.get_payload(decode=True) for part in out.iter_attachments()][1:] == [b"a,b\r\n", office, b"\1\2"]
    assert b"filename*=utf-8''Liste%20%C3%BC.csv" in out.as_bytes()
    assert text_of(out).count("is left out: mail servers stop files of its kind.") == 3


async def test_what_is_passed_counts_against_the_limit(tmp_path):
    """Other parts leave half of mail_limit to the scan, and the whole mail stays within it."""
    mail = attached(
        ("image/jpeg", "1.jpg", jpeg(size_px=SMALL)),
        ("text/csv", "small.csv", b"a" * 20_000),
        ("text/csv", "large.csv", b"a" * 50_000),
    )
    table = {"listen": "127.0.0.1:0", "clients": ["127.0.0.1"], "recipients": ["contoso.com"], "other_parts": "pass"}
    with opened(config(tmp_path, smtp=[table], pdf={"mail_limit": "100 KB"})) as box:
        out = await made(Station(box), mail.as_bytes())
        assert len(out.as_bytes()) < 100_000
    assert [name for name, _ in files_of(out)] == ["1.pdf", "small.csv"]
    assert '"large.csv" is left out: it is too large to go along.' in text_of(out)


async def test_room_is_left_for_the_text(tmp_path):
    """A scan beside a long text is made to fit with it, and is not refused for it."""
    words = "\n".join("\u00fc" * 95 for _ in range(195))
    mail = attached(("image/jpeg", "1.jpg", jpeg(quality=95, size_px=(1600, 1200))), text=words)
    with opened(config(tmp_path, pdf={"mail_limit": "200 KB"})) as box:
        out = await made(Station(box), mail.as_bytes())
        assert len(out.as_bytes()) < 200_000
        assert text_of(out).count("\u00fc" * 19) > 195


async def test_a_report_is_delivered_as_text(tmp_path):
    """With reports = true a mail without a scan is passed as text, under its subject, with what was attached."""
    mail = attached(("text/csv", "counters.csv", b"a,b\r\n"), text="Toner is low.\n")
    mail.replace_header("Subject", "MFP-07: warning")
    with listening(tmp_path, reports=True, other_parts="pass") as box:
        station = Station(box)
        out = await made(station, mail.as_bytes())
        assert (out["Subject"], text_of(out), files_of(out)) == (
            "MFP-07: warning",
            "Toner is low.",
            [("counters.csv", "text/csv")],
        )
        alone = await made(station, b"Subject: Test\r\n\r\n")
        assert text_of(alone) == "The printer sent a mail without a scan and without a text."
        assert files_of(alone) == []
        assert alone["From"] == "Scanner <scanner@contoso.com>"


async def test_a_mail_without_a_scan_fails(station):
    """Without reports a mail that holds no scan fails with its sentence."""
    assert await refused(station, b"Subject: Toner\r\n\r\nLow.\r\n") == NO_SCAN


async def test_an_empty_scan_is_no_report(tmp_path):
    """A mail whose only scan is empty fails also where reports are passed; beside a whole one it is named."""
    empty = attached(("application/pdf", "scan.pdf", b""))
    with listening(tmp_path, reports=True) as box:
        station = Station(box)
        assert await refused(station, empty.as_bytes()) == '"scan.pdf" is empty. Please scan it again.'
        empty.add_attachment(TIFF, maintype="image", subtype="tiff", filename="2.tif")
        assert '"scan.pdf" is empty, and left out.' in text_of(await made(station, empty.as_bytes()))


ANSWERS = [
    b"Auto-Submitted: auto-replied\r\n",
    b"Auto-Submitted: auto-generated\r\nIn-Reply-To: <x@contoso.com>\r\n",
    b'Content-Type: multipart/report; boundary="b"\r\n',
]


@pytest.mark.parametrize("head", ANSWERS)
@pytest.mark.parametrize("reports", [False, True])
async def test_an_answer_by_machine_makes_no_loop(tmp_path, head, reports):
    """A bounce or automatic reply without a scan fails, seen in queue and log, and nobody is written to about it."""
    with listening(tmp_path, reports=reports) as box:
        station = Station(box)
        assert await refused(station, b"Subject: Out of office\r\n" + head + b"\r\nI am away.\r\n") == UNTOLD
        assert tell(station) == []
        assert await refused(station, attached(("application/pdf", "x.pdf", b"%PDF-1.4 cut")).as_bytes()) != UNTOLD
        assert tell(station) == [[ADMIN]]


def tell(station: Station) -> list[list[str]]:
    """Tell of failures; return whom each new notice is written to."""
    box = station.box
    before = {job.id for job in box.journal.jobs(State)}
    tell_all(box)
    assert box.journal.untold(1) == []
    new = [job for job in box.journal.jobs(State) if job.id not in before]
    return [[recipient.address for recipient in job.recipients] for job in new]


async def test_many_small_parts_leave_room_for_the_scan(tmp_path):
    """Hundreds of tiny files with long names, passed or not, refuse no scan: their headers count too."""
    names = [str(number) + "\u6587" * 110 + ".dat" for number in range(300)]
    mail = attached(("image/tiff", "1.tif", TIFF), *(("application/x-log", name, b"x") for name in names))
    with listening(tmp_path, other_parts="pass") as box:
        limited = replace(box.config, pdf=replace(box.config.pdf, mail_limit=200_000))
        station = Station(replace(box, config=limited))
        out = await made(station, mail.as_bytes())
    assert len(out.as_bytes()) <= 200_000
    assert len(files_of(out)) > 20
    assert "more parts are left out" in text_of(out)


async def test_an_automatic_mail_with_a_scan_is_a_scan(station):
    """A device that marks its scans as automatic has them delivered."""
    mail = attached(("image/tiff", "1.tif", TIFF))
    mail["Auto-Submitted"] = "auto-replied"
    assert pages_of(await made(station, mail.as_bytes())) == 1


async def test_winmail_dat_is_put_aside(tmp_path):
    """Case 43: a winmail.dat goes to quarantine with a sentence; beside a scan it is named and left out."""
    alone = attached(("application/ms-tnef", "winmail.dat", WINMAIL))
    with listening(tmp_path, reports=True) as box:
        station = Station(box)
        assert "winmail.dat, a format of Outlook's own" in await refused(station, alone.as_bytes(), State.QUARANTINE)
        assert (box.spool.quarantine / box.journal.jobs(State)[0].id / "original").is_dir()
        alone.add_attachment(TIFF, maintype="image", subtype="tiff", filename="2.tif")
        assert '"winmail.dat" came with the scan and is left out' in text_of(await made(station, alone.as_bytes()))


async def test_ten_parts_are_one_document(station):
    """Case 43: ten single-page TIFF parts are one PDF of ten pages, in the order of their numbers."""
    parts = [("image/tiff", f"page {number}.tif", tiff_g4(size_px=(400 + number, 300))) for number in range(10, 0, -1)]
    out = await made(station, attached(*parts).as_bytes())
    reader = pypdf.PdfReader(io.BytesIO(next(out.iter_attachments()).get_content()))
    widths = [float(page.mediabox.width) for page in reader.pages]
    assert len(widths) == 10
    assert widths == sorted(widths)
    mixed = [("image/tiff", "b.tif", tiff_g4(pages=2, size_px=SMALL)), ("application/pdf", "a.pdf", pdf(pages=3))]
    assert pages_of(await made(station, attached(*mixed).as_bytes())) == 5


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"From: MFP-07\r\n",
        b"Message-ID:\r\nMessage-ID: <>\r\nFrom: a@contoso.com\r\nFrom: b@contoso.com\r\nDate: yesterday\r\nDate:\r\n",
    ],
)
async def test_a_mail_without_the_usual_headers(station, head):
    """Case 41: no Date, Message-ID, MIME-Version, or doubled ones, a device's name as From: the mail is right."""
    out = await made(station, head + b"Content-Type: image/tiff\r\n\r\n" + TIFF)
    job_id = JobId(out["Message-ID"].strip("<>").partition("@")[0])
    assert station.job(job_id).state is State.READY
    for key in ("Date", "Message-ID", "MIME-Version", "From", "Subject"):
        assert len(out.get_all(key, [])) == 1, key
    assert out["Reply-To"] == ("a@contoso.com" if b"a@" in head else None)
    assert email.message_from_bytes(out.as_bytes(), policy=email.policy.default).defects == []
