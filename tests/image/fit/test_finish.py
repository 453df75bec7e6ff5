"""A scan made to fit the mail: reduced, split, or refused, in the order that is allowed."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from image.document import Document
from image.errors import ScanFault
from image.fit.budget import Budget, Fit, Step
from image.fit.finish import drop_blanks
from tests.image.drawn import SAME, difference, page, saved
from tests.image.heavy import (
    DPI,
    actions,
    as_document,
    budget,
    fitted,
    jpeg,
    photo,
    refusal,
    without_path,
)
from tests.image.poppler import extracted, page_sizes, rendered, unpacked
from tests.image.scanned_pdf import scan
from tests.image.through_convert import LIMITS, converted

REDUCE, SPLIT = Fit.REDUCE, Fit.SPLIT


def _scan(folder: Path, pages: int = 3) -> Document:
    folder.mkdir(exist_ok=True)
    return converted(folder, *(jpeg(seed) for seed in range(pages)))


def _shows(path: Path, number: int, expected: int) -> bool:
    return difference(rendered(path, 50, number), photo(expected).resize((83, 117))) < SAME


def test_what_fits_is_not_touched(tmp_path: Path):
    """Not even written again."""
    before = _scan(tmp_path)
    assert fitted(before, budget(before.size_bytes, REDUCE, SPLIT)) is before


def test_the_gentlest_rung_that_is_enough_is_taken(tmp_path: Path):
    """Down the steps one by one, all pages together; the mail says how far."""
    size = _scan(tmp_path).size_bytes
    found = [fitted(_scan(tmp_path / name), budget(size * percent // 100, REDUCE)) for name, percent in STEPS.items()]
    notes = "Pages 1 to 3 were reduced to {}, so that the mail stays below its limit."
    assert [document.notes for document in found] == [
        (notes.format("JPEG quality 75"),),
        (notes.format("200 dpi, JPEG quality 75"),),
        (notes.format("150 dpi, JPEG quality 60"),),
    ]
    assert [extracted(document.path)[0].size for document in found] == [(498, 702), (332, 468), (249, 351)]
    for document in found:
        assert actions(document) == ["reduced"] * 3
        assert page_sizes(document.path) == [(119.52, 168.48)] * 3
        assert all(_shows(document.path, number, number - 1) for number in (1, 2, 3))


STEPS = {"a": 70, "b": 30, "c": 15}
"""Folders, and the share of its size in percent that a scan may have, for one rung after the other."""


def test_archives_stay_archives(tmp_path: Path):
    """Reduced and split, a file has the marks of PDF/A, the metadata and the time that it had."""
    before = _scan(tmp_path)
    had = unpacked(before.path)
    after = fitted(before, budget(50_000, REDUCE, SPLIT))
    assert after.parts
    for path in (after.path, *(part.path for part in after.parts)):
        data = unpacked(path)
        for mark in (b"<pdfaid:part>2</pdfaid:part>", b"/GTS_PDFA1", b"D:20261123090257Z", b"2026-11-23T09:02:57Z"):
            assert had.count(mark) == data.count(mark) >= 1
        assert path.read_bytes().startswith(b"%PDF-1.7")


def test_same_input_gives_same_bytes(tmp_path: Path):
    """Nothing in the files or the notes depends on when or where they were made."""
    size = _scan(tmp_path).size_bytes // 4
    one, other = (fitted(_scan(tmp_path / name), budget(size, REDUCE, SPLIT)) for name in ("a", "b"))
    assert without_path(one) == without_path(other)


@pytest.mark.parametrize("order", [(REDUCE, SPLIT), (SPLIT,)])
def test_what_is_still_too_large_is_split_between_pages(tmp_path: Path, order: tuple[Fit, ...]):
    """Every page is in one mail, in order, each mail within the limit, and the note says which are where."""
    before = _scan(tmp_path, 5)
    after = fitted(before, budget(before.size_bytes * 9 // 20 if order == (SPLIT,) else 50_000, *order))
    counts = [part.page_count for part in after.parts]
    assert counts == [2, 2, 1]
    assert after.notes[-1] == "The scan was split into 3 mails: pages 1 to 2, 3 to 4, 5."
    shown = [(part.path, number) for part in after.parts for number in range(1, part.page_count + 1)]
    assert all(_shows(path, number, at) for at, (path, number) in enumerate(shown))
    assert actions(after) == (["passed"] if order == (SPLIT,) else ["reduced"]) * 5


def test_split_first_reduces_only_pages_that_are_too_large_alone(tmp_path: Path):
    """The other pages keep every byte."""
    before = converted(tmp_path, jpeg(0, width_px=250), jpeg(1, width_px=900), jpeg(2, width_px=250))
    after = fitted(before, budget(before.size_bytes * 3 // 10, SPLIT, REDUCE))
    assert actions(after) == ["passed", "reduced", "passed"]
    assert after.notes[0].startswith("Page 2 was reduced to ")
    assert [image.size for image in extracted(after.path)][::2] == [(250, 702)] * 2


@pytest.mark.parametrize(
    ("order", "percent", "sentence"),
    [
        ((), 99, "The scan makes a PDF of "),
        ((REDUCE,), 5, "The scan makes a PDF of "),
        ((SPLIT,), 30, "Page 1 of the scan makes a PDF of "),
        ((REDUCE, SPLIT), 2, "Page 1 of the scan makes a PDF of "),
        ((SPLIT, REDUCE), 2, "Page 1 of the scan makes a PDF of "),
    ],
)
def test_what_cannot_fit_is_refused_whole(tmp_path: Path, order: tuple[Fit, ...], percent: int, sentence: str):
    """Never a part for the whole: a sentence says how large it is, and what helps."""
    before = _scan(tmp_path)
    error = refusal(before, budget(before.size_bytes * percent // 100, *order))
    assert error.fault is ScanFault.TOO_LARGE
    assert str(error).startswith(sentence)
    assert "lower resolution" in str(error)


@pytest.mark.parametrize("order", [(SPLIT,), (REDUCE, SPLIT)])
def test_a_scan_is_not_split_into_any_number_of_mails(tmp_path: Path, order: tuple[Fit, ...]):
    """Above what is allowed it is refused as a whole, with how many there would be."""
    before = _scan(tmp_path, 5)
    floor = before.size_bytes * 9 // 20 if order == (SPLIT,) else 50_000
    assert len(fitted(_scan(tmp_path / "a", 5), replace(budget(floor, *order), max_parts=3)).parts) == 3
    error = refusal(before, replace(budget(floor, *order), max_parts=2))
    assert error.fault is ScanFault.TOO_LARGE
    assert str(error).startswith("The scan would fill 3 mails, and 2 are allowed; one mail has room for a PDF of ")


def test_what_would_be_too_many_mails_is_reduced_where_that_is_allowed(tmp_path: Path):
    """Though splitting comes first."""
    before = _scan(tmp_path, 5)
    after = fitted(before, replace(budget(before.size_bytes // 4, SPLIT, REDUCE), max_parts=2))
    assert len(after.parts) <= 2
    assert actions(after) == ["reduced"] * 5


def test_each_tone_has_its_own_steps(tmp_path: Path):
    """Colour and grey go down first, then black and white; a tone without steps is left as it is."""
    bits = page("1", 996, 1404)
    files = (jpeg(1), jpeg(2, "L"), saved(bits, "TIFF", compression="group4", dpi=(600, 600)))
    (tmp_path / "a").mkdir()
    steps = (Step(150, 60),), (Step(200, 70),), (Step(300, 0),)
    size = converted(tmp_path, *files).size_bytes
    sharp = fitted(converted(tmp_path, *files), Budget(size * 6 // 10, (REDUCE,), *steps))
    assert actions(sharp) == ["reduced", "reduced", "encoded"]
    after = fitted(converted(tmp_path, *files), Budget(sharp.size_bytes - 1, (REDUCE,), *steps))
    assert after.notes == (
        "Page 1 was reduced to 150 dpi, JPEG quality 60, so that the mail stays below its limit.",
        "Page 2 was reduced to 200 dpi, JPEG quality 70, so that the mail stays below its limit.",
        "Page 3 was reduced to 300 dpi, so that the mail stays below its limit.",
    )
    assert [(image.mode, image.size) for image in extracted(after.path)] == [
        ("RGB", (249, 351)),
        ("L", (332, 468)),
        ("1", (498, 702)),
    ]
    after = fitted(
        converted(tmp_path / "a", *files), Budget(size * 8 // 10, (REDUCE,), colour=(Step(200, 70),), grey=())
    )
    assert actions(after) == ["reduced", "passed", "encoded"]


def test_what_is_dithered_too_finely_for_the_floor_takes_the_step_before(tmp_path: Path):
    """Black and white of 600 dpi whose dots bear 300, but not 200, is at 300 when the rest is at its floor."""
    dots = Image.new("1", (996, 1404), 1)
    for x in range(0, 996, 8):
        for y in range(0, 1404, 8):
            dots.paste(0, (x, y, x + 4, y + 4))
    fax = saved(dots, "TIFF", compression="group4", dpi=(600, 600))
    sharp = fitted(converted(tmp_path, fax, jpeg(1)), budget(80_000, REDUCE))
    after = fitted(converted(tmp_path, fax, jpeg(1)), budget(sharp.size_bytes - 1, REDUCE))
    assert [image.size for image in extracted(after.path)] == [(498, 702), (249, 351)]
    assert after.notes[0] == "Page 1 was reduced to 300 dpi, so that the mail stays below its limit."


def test_pages_turned_by_the_scanner_stay_upright(tmp_path: Path):
    """The matrices that undo EXIF's orientation are kept, so are the sizes."""
    photos = []
    for orientation in (3, 5, 6, 8):
        exif = photo(1).getexif()
        exif[274] = orientation
        photos.append(saved(photo(1), "JPEG", quality=92, dpi=DPI, exif=exif))
    before = converted(tmp_path, *photos)
    looks = [rendered(before.path, 50, number) for number in range(1, 5)]
    after = fitted(before, budget(before.size_bytes // 4, REDUCE))
    assert page_sizes(after.path) == [SIZE if at == 0 else SIZE[::-1] for at, SIZE in enumerate([(119.52, 168.48)] * 4)]
    assert all(difference(rendered(after.path, 50, number), look) < SAME for number, look in enumerate(looks, 1))


def test_a_signed_pdf_is_not_changed(tmp_path: Path):
    """Passed as it came, its blank pages stay, and when nothing is allowed it is refused like any other."""
    scan(3).save(tmp_path / "out.pdf")
    before = replace(as_document(tmp_path / "out.pdf"), is_untouched=True)
    assert drop_blanks(before, LIMITS) is before
    assert refusal(before, budget(before.size_bytes - 1)).fault is ScanFault.TOO_LARGE
