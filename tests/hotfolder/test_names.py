import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotfolder.names import display_name, is_scan_name, is_upload_name

SCANS = [
    "scan.pdf",
    "SCN_0001.PDF",
    "a b.tif",
    "no suffix",
    "-rf.pdf",
    "$(id).pdf",
    "CON",
    "scan.pdf.",
    "x.part.pdf",
    "_failed.pdf",
]
DROPPINGS = [
    ".scan.pdf", "._scan.pdf", ".DS_Store", "~$scan.pdf", "~x.tmp", "scan.TMP", "scan.pdf.part", "a.filepart", "a.chk",
    "a.LCK", "a.crdownload", "Thumbs.db", "THUMBS.DB", "Desktop.ini", "@eaDir", "STATUS.txt", "status.TXT", "_failed",
    "_FAILED", "",
]  # fmt: skip


@pytest.mark.parametrize("name", SCANS)
def test_a_name_a_scanner_may_choose_is_a_scan(name: str):
    """Nothing but known droppings is ever passed over."""
    assert is_scan_name(name)


@pytest.mark.parametrize("name", DROPPINGS)
def test_droppings_and_our_own_names_are_no_scans(name: str):
    """Hidden, unfinished and desktop files, and what we write ourselves, never become a mail."""
    assert not is_scan_name(name)


def test_an_upload_is_told_from_litter():
    """Each name is a scan's, an upload's, or nobody's; no name is two of them."""
    uploads = {".scan.pdf", "~x.tmp", "scan.TMP", "scan.pdf.part", "a.filepart", "a.chk", "a.LCK", "a.crdownload"}
    assert {name for name in (*SCANS, *DROPPINGS) if is_upload_name(name)} == uploads
    assert not is_upload_name(".scangate-20261125T090257Z-k7q2-0001")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("scan.pdf", "scan.pdf"),
        ("Bu\u0308ro.pdf", "B\u00fcro.pdf"),
        ("a\nSubject: x.pdf", "a Subject: x.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("caf\udce9.pdf", "caf\ufffd.pdf"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("\u200b\u202a", "scan"),
        ("...", "scan"),
        ("\u0645\u06cc\u200c\u062e\u0648.pdf", "\u0645\u06cc\u200c\u062e\u0648.pdf"),
        ("x" * 300 + ".pdf", "x" * 115 + "….pdf"),
        ("x" * 300, "x" * 119 + "…"),
    ],
)
def test_a_shown_name_is_one_clean_line(name: str, shown: str):
    """A name from a device cannot forge a header, turn the text round or hide its suffix."""
    assert display_name(name) == shown


@given(
    st.text(st.characters(), max_size=300)
    | st.binary(max_size=255).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
)
def test_any_bytes_can_be_shown(name: str):
    """Whatever stands in a directory can be logged and mailed, and is unchanged when shown twice."""
    shown = display_name(name)
    assert 1 <= len(shown) <= 120
    assert shown.encode()
    assert unicodedata.is_normalized("NFC", shown)
    assert all(unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"} for character in shown)
    assert "/" not in shown
    assert "\\" not in shown
    assert display_name(shown) == shown
