import email
from dataclasses import replace
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.model import Address
from gateway.normalise.letter import decoded, letter
from gateway.spool.envelope import Envelope, Origin, OriginKind
from image.document import Document, Page
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
        ("X: y\n", None),
    ],
)
def test_who_is_answered(written, expected):
    """An answer goes to the device's own address when that is one and not ours; From is always our sender."""
    found = letter(CONFIG, mailed(), headers(written), ["scan.tif"], ONE_PAGE)
    assert (found.sender, found.reply_to) == ("scanner@contoso.com", expected)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("To: alice@contoso.com, Bob <bob@contoso.com>\n", (ALICE, BOB)),
        ("To: ALICE@contoso.com\nCc: someone@else.example\n", (ALICE,)),
        ("To: alice@contoso.com\nCc: bob@contoso.com\n", (ALICE, BOB)),
        ("Bcc: alice@contoso.com\n", ()),
        ("X: y\n", ()),
    ],
)
def test_hidden_recipients_stay_hidden(written, shown):
    """Of several recipients only those stand in To that the device named there: a hidden copy stays hidden."""
    assert letter(CONFIG, mailed(ALICE, BOB), headers(written), ["s"], ONE_PAGE).recipients == shown


def test_a_single_recipient_is_shown():
    """The only recipient of a mail, and those of a share, always stand in To."""
    assert letter(CONFIG, mailed(ALICE), headers("X: y\n"), ["s"], ONE_PAGE).recipients == (ALICE,)
    shared = replace(SHARED, recipients=(ALICE, BOB))
    assert letter(CONFIG, shared, None, ["s"], ONE_PAGE).recipients == (ALICE, BOB)


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
