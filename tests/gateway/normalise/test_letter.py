import email
import time
from dataclasses import replace
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.model import Address
from gateway.normalise.compose import encoded_size_bytes
from gateway.normalise.letter import decoded, letter, said_bytes
from gateway.spool.envelope import Envelope, Origin, OriginKind
from image.document import Document, Page, Part, Thumbnail
from tests.gateway.spool.given import NOW, OFFICE, config, envelope

CONFIG = config(Path("/box"))
ONE_PAGE = Document(Path("scan.pdf"), (Page(595.0, 842.0, "passed"),), 1000)
SHARED = envelope()
ALICE, BOB = Address("alice@contoso.com"), Address("bob@contoso.com")


def mailed(*recipients: Address) -> Envelope:
    """The envelope of a scan that came by SMTP."""
    return envelope(origin=Origin(OriginKind.SMTP, "smtp", "192.168.1.40"), recipients=recipients or (OFFICE,))


def headers(text: str) -> "Message[str, str]":
    """The headers of a device's mail."""
    return email.message_from_bytes(text.encode("latin-1"))


def test_a_scan_from_the_share():
    """A scan from a share is named by share and file, and comes from the configured sender at the time of arrival."""
    written = letter(CONFIG, SHARED, None, ["Invoice 7.tif"], ONE_PAGE)
    assert (written.subject, written.pdf_name) == ("Scan from scans: Invoice 7", "Invoice 7.pdf")
    assert (written.sender, written.sender_name, written.reply_to) == ("scanner@contoso.com", "Scanner", None)
    assert (written.message_id, written.date, written.recipients) == (SHARED.message_id, NOW, (OFFICE,))
    assert written.text == ("1 page, scanned to scans. The scan is attached as PDF.",)


def test_what_was_noted_at_its_arrival_stands_in_the_mail():
    """Case 23: that a page is missing stands in the text, before what is said of the pages themselves."""
    noted = replace(SHARED, notes=("Page 7 seems to be missing.",))
    document = replace(ONE_PAGE, notes=("Page 1: it was repaired.",))
    written = letter(CONFIG, noted, None, ["Doc_0001.tif"], document)
    assert written.text[1:] == ("", "Page 7 seems to be missing.", "Page 1: it was repaired.")


def test_a_scan_that_is_called_otherwise():
    """A folder of files is called after the folder, not after its first file."""
    written = letter(CONFIG, replace(SHARED, called="Contract 7"), None, ["scan1.jpg", "scan2.jpg"], ONE_PAGE)
    assert (written.subject, written.pdf_name) == ("Scan from scans: Contract 7", "Contract 7.pdf")


def test_the_subject_of_a_sidecar():
    """A subject from a sidecar is the mail's, as one clean line."""
    written = letter(CONFIG, replace(SHARED, subject="Invoice\n 7 \u00fc"), None, ["scan.tif"], ONE_PAGE)
    assert (written.subject, written.pdf_name) == ("Invoice 7 \u00fc", "scan.pdf")


@pytest.mark.parametrize("names", [[], [""]])
def test_a_scan_without_a_name(names):
    """A scan whose file has no name is named by the time of its arrival."""
    written = letter(CONFIG, mailed(), None, names, ONE_PAGE)
    assert written.pdf_name == "scan-20261123-090257.pdf"
    assert written.subject == "Scan from smtp: scan-20261123-090257"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Subject: From the copier\n", "From the copier"),
        ("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n", "Grüße"),
        ("Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?utf-8?b?8J+YgA==?=\n", "Grüße😀"),
        ("Subject: =?nonsense?q?x?=\n", "=?nonsense?q?x?="),
        ("Subject: =?\xff?q?x?=\n", "=?\ufffd?q?x?="),
        ("Subject: folded\n over lines\n", "folded over lines"),
        ("Subject:\n", "Scan from smtp: scan"),
        ("Subject: \x07 \n", "Scan from smtp: scan"),
        ("X: y\n", "Scan from smtp: scan"),
        ("Subject: =?utf-8?q?a=0D=0ABcc=3A_evil?=\n", "a Bcc: evil"),
    ],
)
def test_the_subject_a_device_wrote(subject, expected):
    """The device's subject is kept, decoded and on one line; without one the scan names itself."""
    assert letter(CONFIG, mailed(), headers(subject), ["scan.tif"], ONE_PAGE).subject == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("From: Copier <copier@contoso.com>\n", "copier@contoso.com"),
        ("Reply-To: a@contoso.com\nFrom: b@contoso.com\n", "a@contoso.com"),
        ("Reply-To: nonsense\nFrom: b@contoso.com\n", "b@contoso.com"),
        ("From: scanner@CONTOSO.com\n", None),
        ("From: COPIER-2\n", None),
        ("From: \xff <copier@\xff>\n", None),
        ("From: a@b@c\n", None),
        ("From: root@localhost\n", None),
        ("Reply-To: scan@mfp\nFrom: alice@contoso.com\n", "alice@contoso.com"),
        ("X: y\n", None),
    ],
)
def test_who_is_answered(written, expected):
    """An answer goes to the device's own address when that is one and not ours; From is always our sender."""
    found = letter(CONFIG, mailed(), headers(written), ["scan.tif"], ONE_PAGE)
    assert (found.sender, found.reply_to) == ("scanner@contoso.com", expected)


@pytest.mark.parametrize(
    ("written", "to", "cc"),
    [
        ("To: alice@contoso.com, Bob <bob@contoso.com>\n", (ALICE, BOB), ()),
        ("To: ALICE@contoso.com\nCc: someone@else.example\n", (ALICE,), ()),
        ("To: alice@contoso.com\nCc: bob@contoso.com\n", (ALICE,), (BOB,)),
        ("To: alice@contoso.com\nCc: alice@contoso.com, bob@contoso.com\n", (ALICE,), (BOB,)),
        ("To: alice@contoso.com\nBcc: bob@contoso.com\n", (ALICE,), ()),
        ("Cc: bob@contoso.com\n", (), (BOB,)),
        ("To: team: alice@contoso.com, bob@contoso.com;\n", (ALICE, BOB), ()),
        ("To: Zeta, Alice <alice@contoso.com>, <<bob@contoso.com>\n", (ALICE, BOB), ()),
        ('To: "Alice <alice@contoso.com>; bob@contoso.com\n', (ALICE, BOB), ()),
        ("Bcc: alice@contoso.com\n", (), ()),
        ("To: undisclosed-recipients:;\n", (), ()),
        ("X: y\n", (), ()),
    ],
)
def test_hidden_recipients_stay_hidden(written, to, cc):
    """Of several recipients only those stand in To and Cc that the device named there: a hidden copy stays hidden."""
    found = letter(CONFIG, mailed(ALICE, BOB), headers(written), ["s"], ONE_PAGE)
    assert (found.recipients, found.copies) == (to, cc)


@pytest.mark.parametrize(
    ("written", "to"),
    [
        ("X: y\n", (ALICE,)),
        ("To: undisclosed-recipients:;\n", (ALICE,)),
        ("To: alice@contoso.com\n", (ALICE,)),
        ("To: bob@contoso.com\n", ()),
        ("Bcc: alice@contoso.com\n", ()),
    ],
)
def test_a_single_recipient(written, to):
    """The only recipient stands in To unless the device hid it, by Bcc or by naming others."""
    assert letter(CONFIG, mailed(ALICE), headers(written), ["s"], ONE_PAGE).recipients == to


def test_no_subject_is_empty():
    """A name of which nothing is seen is none; a template of which nothing is seen is as none."""
    for template, subject in (
        (" {name} ", "scan-20261123-090257"),
        ("\u200b", "Scan from scans: scan-20261123-090257"),
    ):
        configured = replace(CONFIG, mail=replace(CONFIG.mail, subject=template))
        written = letter(configured, SHARED, None, ["\u202e.tif"], ONE_PAGE)
        assert (written.subject, written.pdf_name) == (subject, "scan-20261123-090257.pdf")


@pytest.mark.parametrize(
    "long",
    ["a" * 260_000, "a." * 130_000, "(" * 260_000, "=?a?q?x" * 37_000, "a@" * 130_000],
    ids=["letters", "dots", "comments", "encoded words", "at signs"],
)
def test_long_headers_make_a_letter(long):
    """A header as long as is read makes a letter, and hides whom it does not name; quadratic time would take minutes.

    Regular expressions hold the interpreter: meanwhile nothing else on the box would move.
    """
    odd = Message()
    for key in ("From", "Reply-To", "To", "Cc", "Subject"):
        odd[key] = long
    written = letter(CONFIG, mailed(ALICE, BOB), odd, [], ONE_PAGE)
    assert (written.recipients, written.copies, written.reply_to) == ((), (), None)
    assert written.subject


def test_the_recipients_of_a_share_are_shown():
    """Those of a share always stand in To."""
    shared = replace(SHARED, recipients=(ALICE, BOB))
    assert letter(CONFIG, shared, None, ["s"], ONE_PAGE).recipients == (ALICE, BOB)


@pytest.mark.parametrize(
    ("subject", "file_name", "told", "called"),
    [
        ("{subject}", "{name}", "From the copier", "a7.pdf"),
        ("{device}, {date} {time}", "{date} {time} {name}", "smtp, 2026-11-23 10:02", "2026-11-23 10-02 a7.pdf"),
        ("{{{pages}}} {name}", "{name}.pdf", "{1} a7", "a7.pdf"),
        ("{job}", "{subject}/{job}", "20261123T090257Z-k7q2", "From the copier_20261123T090257Z-k7q2.pdf"),
        ("{subject}" * 20, "{name}" * 33, ("From the copier" * 10), "a7" * 33 + ".pdf"),
    ],
)
def test_templates(subject, file_name, told, called, monkeypatch):
    """Subject and file name follow their templates, in the box's time zone, cut and safe whatever comes of it."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    chosen = config(Path("/box"), mail={"subject": subject, "file_name": file_name})
    written = letter(chosen, mailed(), headers("Subject: From the copier\n"), ["a7.tif"], ONE_PAGE)
    monkeypatch.undo()
    time.tzset()
    assert (written.subject, written.pdf_name) == (told, called)


def test_a_part_of_a_scan_counts_and_shows_its_own_pages():
    """Each mail of a split scan has its number, its pages counted, and those shown that it holds."""
    parts = (Part(Path("1"), 1, 2, 9), Part(Path("2"), 3, 1, 9))
    document = replace(ONE_PAGE, pages=ONE_PAGE.pages * 3, parts=parts)
    small = [Thumbnail(page, 1, 1, b"") for page in (1, 2, 3)]
    chosen = config(Path("/box"), mail={"subject": "{pages}: {name}", "file_name": "{name} {pages}"})
    first, second = (letter(chosen, SHARED, None, ["s.tif"], document, number, small) for number in (1, 2))
    assert (first.subject, first.pdf_name) == ("2: s (1 of 2)", "s 2 (1 of 2).pdf")
    assert (second.subject, second.pdf_name) == ("1: s (2 of 2)", "s 1 (2 of 2).pdf")
    assert [one.page for one in first.thumbnails] == [1, 2]
    assert [one.page for one in second.thumbnails] == [3]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ((), ()),
        (("", " ", ""), ()),
        (("", "Pages: 3", "", "Copier\u202e 2\x00", ""), ("", "The printer wrote:", "Pages: 3", "", "Copier 2")),
        (("x",) * 201, ("", "The printer wrote:", *("x",) * 200, "…")),
        (("y" * 30_000,), ("", "The printer wrote:", "y" * 20_000)),
    ],
)
def test_what_the_device_wrote_is_kept(said, shown):
    """The text of the device's mail stands at the end of ours, printable and not without end."""
    written = letter(CONFIG, mailed(), headers("X: y\n"), ["s"], ONE_PAGE, said=said)
    assert written.text[1:] == shown


@given(st.lists(st.text(max_size=300) | st.sampled_from(["", "x" * 5000, "😀" * 5000]), max_size=8))
@settings(deadline=None)
def test_what_the_device_wrote_has_its_room(said):
    """The room that is kept for it in a mail is enough, whatever it is."""
    without, with_it = (letter(CONFIG, mailed(), None, ["s"], ONE_PAGE, said=lines) for lines in ((), said))
    assert encoded_size_bytes(9, with_it) <= encoded_size_bytes(9, without) + said_bytes(said) + 100


def test_how_a_scan_came_is_told():
    """A scan that a printer mailed was not "scanned to" the name of a listener."""
    first = letter(CONFIG, mailed(), None, ["s"], ONE_PAGE).text[0]
    assert first == f"1 page, mailed by the printer ({mailed().origin.name}). The scan is attached as PDF."


def test_notes_are_told():
    """What was done to the scan is told in the mail, below the count of its pages."""
    document = replace(ONE_PAGE, pages=ONE_PAGE.pages * 3, notes=("Repaired.", "Reduced."))
    assert letter(CONFIG, SHARED, None, ["s"], document).text == (
        "3 pages, scanned to scans. The scan is attached as PDF.",
        "",
        "Repaired.",
        "Reduced.",
    )


@given(st.lists(st.sampled_from(["Subject: ", "From: ", "To: ", "Cc: ", "Reply-To: "])), st.data())
@settings(max_examples=100, deadline=None)
def test_any_headers_make_a_letter(keys, data):
    """Whatever a device writes into its headers, a letter comes of it whose texts can be sent."""
    pieces = st.sampled_from(
        ["=?utf-8?b?", "?=", "=?", "?q?", "=ff", "<", ">", "@", ",", '"', "(", "a", "\xff", " ", "=?idna?q?"]
    )
    text = "".join(key + "".join(data.draw(st.lists(pieces, max_size=12))) + "\n" for key in keys)
    written = letter(CONFIG, mailed(ALICE, BOB), headers(text), ["scan.tif"], ONE_PAGE)
    written.subject.encode()
    assert set(written.recipients) <= {ALICE, BOB}


@given(st.text(max_size=60) | st.from_regex(r"(=\?[a-z0-9-]{1,12}\?[bq]\?[!-~]{0,12}\?= ?){1,3}", fullmatch=True))
@settings(deadline=None)
def test_anything_decodes_or_stays(text):
    """A header that cannot be decoded stays as it is."""
    assert isinstance(decoded(text), str)
