"""What a cleaned PDF says of itself."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Dictionary, Pdf

from image.pdf.joining import join_pdfs
from image.recipe import Recipe
from tests.image.poppler import unpacked
from tests.image.scanned_pdf import LIMITS, MADE_AT, RECIPE, cleaning, scan

KEEPING = replace(RECIPE, is_metadata_kept=True)
TEXTS = {
    "/Author": "J\u00f6rg & Co <a@b>",
    "/Title": "Scan\tof \u20ac",
    "/Subject": "Bills",
    "/Keywords": "one, two",
    "/Creator": "MFP 3000",
}


def described() -> Pdf:
    """A scan whose maker says everything of itself."""
    pdf = scan()
    pdf.trailer["/Info"] = pdf.make_indirect(Dictionary({**TEXTS, "/Producer": "MFP firmware", "/Serial": "12345"}))
    return pdf


def info_of(path: Path) -> dict[str, str]:
    """The information dictionary."""
    with pikepdf.open(path) as pdf:
        return {str(key): str(value) for key, value in pdf.docinfo.items()}


DATES = {"/Producer": "scangate", "/CreationDate": "D:20261123090257Z", "/ModDate": "D:20261123090257Z"}


@pytest.mark.parametrize(("title", "expected"), [("", {}), ("Scan 7 (\u00e4)", {"/Title": "Scan 7 (\u00e4)"})])
def test_only_what_was_asked_for_is_said(tmp_path: Path, title: str, expected: dict[str, str]):
    """Title, producer and dates stand in the file; of author and device nothing does."""
    cleaning(tmp_path, described(), recipe=replace(RECIPE, title=title))
    assert info_of(tmp_path / "out.pdf") == {**DATES, **expected}
    assert b"MFP" not in unpacked(tmp_path / "out.pdf")


def test_what_is_to_be_kept_stays(tmp_path: Path):
    """Author, title, subject, keywords and creator stay where that is wanted; the dates and the producer are ours."""
    cleaning(tmp_path, described(), recipe=KEEPING)
    assert info_of(tmp_path / "out.pdf") == {**DATES, **TEXTS, "/Title": "Scan of \u20ac"}


def test_the_title_asked_for_wins(tmp_path: Path):
    """A title that was configured stands in place of the scanner's."""
    cleaning(tmp_path, described(), recipe=replace(KEEPING, title="Ours"))
    assert info_of(tmp_path / "out.pdf")["/Title"] == "Ours"


def test_xmp_says_the_same(tmp_path: Path):
    """The packet of an archive file repeats every entry, read by another reader; it is well-formed."""
    cleaning(tmp_path, described(), recipe=KEEPING)
    packet = subprocess.run(
        ["pdfinfo", "-meta", str(tmp_path / "out.pdf")], capture_output=True, check=True
    ).stdout.decode()
    for text in ("J\u00f6rg &amp; Co &lt;a@b&gt;", "Scan of \u20ac", "Bills", "one, two", "MFP 3000"):
        assert f">{text}<" in packet
    with pikepdf.open(tmp_path / "out.pdf") as pdf, pdf.open_metadata() as meta:
        assert meta["dc:creator"] == ["J\u00f6rg & Co <a@b>"]
        assert meta["xmp:CreateDate"] == meta["xmp:ModifyDate"] == "2026-11-23T09:02:57Z"
        assert meta.pdfa_status == "2B"


def test_odd_entries_are_left_out(tmp_path: Path):
    """What is no text, or empty, or too long, does not come along as it is."""
    pdf = scan()
    entries = {"/Author": 7, "/Title": "\x00\x07 ", "/Subject": "s" * 5000}
    pdf.trailer["/Info"] = pdf.make_indirect(Dictionary(entries))
    cleaning(tmp_path, pdf, recipe=KEEPING)
    assert info_of(tmp_path / "out.pdf") == {**DATES, "/Subject": "s" * 2000}


def test_joined_files_keep_it_too(tmp_path: Path):
    """Of several files the first that says something is the one that counts."""
    for name, pdf in (("a", scan()), ("b", described()), ("c", scan(3))):
        pdf.save(tmp_path / f"{name}.pdf")
    parts = [tmp_path / f"{name}.pdf" for name in "abc"]
    join_pdfs(parts, tmp_path / "out.pdf", LIMITS, MADE_AT, KEEPING)
    assert info_of(tmp_path / "out.pdf")["/Author"] == TEXTS["/Author"]
    join_pdfs(parts, tmp_path / "out.pdf", LIMITS, MADE_AT, Recipe())
    assert info_of(tmp_path / "out.pdf") == DATES
