"""Incoming PDFs that are cut, damaged, wrapped in junk or refused."""

from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from image.convert import to_pdf
from image.document import Limits, Page
from image.errors import ScanError, ScanFault
from image.pdf.clean import REPAIRED, Cleaned, clean_pdf
from image.pdf.examine import INCOMPLETE, LACKING
from tests.image.drawn import SAME, difference, page
from tests.image.outcome import outcome
from tests.image.poppler import page_sizes, rendered
from tests.image.scanned_pdf import JPEG, LIMITS, MADE_AT, RECIPE, cleaned, cleaning, fault_of, plain, scan

UEL, PJL = b"\x1b%-12345X", b'@PJL JOB NAME="scan"\r\n@PJL ENTER LANGUAGE=PDF\r\n'
HTTP = b"POST /scan HTTP/1.1\r\nHost: a\r\nContent-Type: application/pdf\r\n\r\n"
BOUNDARY = b"\r\n--------------------------d74496d66958873e--\r\n"


@pytest.mark.parametrize(
    ("before", "behind", "notes"),
    [
        (UEL + PJL, UEL, ()),
        (UEL + PJL, b"\r\n" + UEL + b"@PJL EOJ\r\n" + UEL, ()),
        (b"", b"\r\n\r\n", ()),
        (b"", b"\x1a", ()),
        (b"", bytes(8192), ()),
        (b"", b"\r\n" + bytes(1500), ()),
        (b"", bytes(2_000_000), (REPAIRED,)),
        (b"", bytes(4000) + b"garbage", (REPAIRED,)),
        (bytes(500), b"", ()),
        (b"\x00" * 3000, b"", (REPAIRED,)),
        (HTTP, BOUNDARY, ()),
        (HTTP * 20, BOUNDARY, (REPAIRED,)),
        (b"\xef\xbb\xbf", b"", ()),
        (b"", b"garbage" * 20 + b"\n%%EOF\n", ()),
        (b"", b"startxref\n99999\n%%EOF\n" + b"garbage" * 300, (REPAIRED,)),
    ],
)
def test_junk_around_is_dropped(tmp_path: Path, before: bytes, behind: bytes, notes: tuple[str, ...]):
    """A printer's wrapper, padding and what a transfer left do not come along; what confused the table is told."""
    out, found = cleaned(tmp_path, before + plain() + behind)
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.read_bytes().endswith(b"%%EOF\n")
    assert found == notes
    assert difference(rendered(out, 100), page()) < SAME


def test_junk_before_the_header_through_the_front_door(tmp_path: Path):
    """So it is from the first look at a file to the second reader's check."""
    (tmp_path / "a.pdf").write_bytes(bytes(2000) + plain() + UEL)
    document = to_pdf([tmp_path / "a.pdf"], tmp_path / "out.pdf", LIMITS, MADE_AT)
    assert document.notes == (REPAIRED,)


def test_a_wrong_table_is_repaired_and_told(tmp_path: Path):
    """A damaged cross-reference table is rebuilt, with a word to the reader."""
    data = plain(2)
    at = data.rindex(b"startxref\n") + 10
    out, notes = cleaned(tmp_path, data[:at] + b"7" + data[at:])
    assert notes == (REPAIRED,)
    assert out.read_bytes().count(JPEG) == 2


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("linearize", [False, True])
def test_a_cut_file_never_loses_pages_quietly(tmp_path: Path, keep: float, linearize: bool):  # noqa: FBT001 -- a parameter
    """Of a PDF cut anywhere, even one whose catalog stands in front, no page goes missing unsaid."""
    data = plain(4, linearize=linearize)
    found = outcome(lambda: cleaned(tmp_path, data[: int(len(data) * keep)]))
    if isinstance(found, ScanError):
        assert found.fault is ScanFault.DAMAGED
    else:
        out, notes = found
        assert len(page_sizes(out)) == 4
        assert REPAIRED in notes
        for number in range(1, 5):
            assert difference(rendered(out, 100, number), page()) < SAME


def without_judge(folder: Path, data: bytes) -> Cleaned:
    """What cleaning made of a file whose damage stays in it, so that qpdf would object."""
    (folder / "in.pdf").write_bytes(data)
    return clean_pdf(folder / "in.pdf", folder / "out.pdf", LIMITS, MADE_AT, RECIPE)


def raw_save(pdf: Pdf, path: Path) -> bytes:
    """The bytes of a PDF saved without touching its streams."""
    pdf.save(path, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return path.read_bytes()


def test_the_damaged_page_is_named(tmp_path: Path):
    """Of several pages the one whose instructions cannot be unpacked carries the flaw, the others none."""
    pdf = scan(3)
    pdf.pages[1].obj.Contents = Array(
        [Stream(pdf, b"q"), Stream(pdf, b"xx", Filter=Name.FlateDecode), Stream(pdf, b"Q")]
    )
    found = without_judge(tmp_path, raw_save(pdf, tmp_path / "a.pdf"))
    assert [page.flaw for page in found.pages] == ["", INCOMPLETE, ""]
    assert "damage" in found.plain_because


def test_a_missing_picture_is_told(tmp_path: Path):
    """A page that draws a picture which is not in the file, itself or by a form, is never called a success."""
    pdf = scan(3)
    del pdf.pages[0].obj.Resources.XObject["/Im"]
    form = Stream(pdf, b"/Gone Do", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
    form.Resources = Dictionary()
    pdf.pages[2].obj.Resources.XObject["/Im"] = form
    found = cleaning(tmp_path, pdf)
    assert [page.flaw for page in found.pages] == [LACKING, "", LACKING]


@pytest.mark.parametrize("promised", [b"3", b"1"])
def test_a_wrong_number_of_pages_is_told(tmp_path: Path, promised: bytes):
    """A file that says it has other pages than it has is never called whole."""
    data = plain(2)
    assert data.count(b"/Count 2") == 1
    found = cleaning(tmp_path, data.replace(b"/Count 2", b"/Count " + promised))
    assert (len(found.pages), found.notes) == (2, (REPAIRED,))


def test_damaged_instructions_are_told(tmp_path: Path):
    """A page whose drawing instructions cannot be unpacked is delivered with a word to the reader."""
    pdf = scan()
    pdf.pages[0].obj.Contents = Stream(pdf, b"not deflated at all", Filter=Name.FlateDecode)
    found = without_judge(tmp_path, raw_save(pdf, tmp_path / "a.pdf"))
    assert [page.flaw for page in found.pages] == [INCOMPLETE]


@pytest.mark.parametrize(
    ("data", "limits", "fault"),
    [
        (b"%PDF-1.4 and nothing", LIMITS, ScanFault.DAMAGED),
        (plain(3), Limits(pages=2), ScanFault.TOO_MANY_PAGES),
        (plain(3), Limits(output_bytes=5000), ScanFault.TOO_LARGE),
    ],
)
def test_refusals(tmp_path: Path, data: bytes, limits: Limits, fault: ScanFault):
    """What cannot be read, or is too much, is refused with its kind."""
    assert fault_of(tmp_path, data, limits) is fault


def test_no_pages(tmp_path: Path):
    """A PDF without pages is refused as such."""
    assert fault_of(tmp_path, Pdf.new()) is ScanFault.NO_PAGES


SEED = plain(2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(SEED)))
def test_any_damage(tmp_path: Path, changes: list[tuple[int, int]], keep: int):
    """Damage anywhere gives pages or a ScanError, nothing else."""
    data = bytearray(SEED)
    for at, value in changes:
        data[at] = value
    source = tmp_path / "in.pdf"
    source.write_bytes(data[:keep])
    found = outcome(lambda: clean_pdf(source, tmp_path / "out.pdf", LIMITS, MADE_AT, RECIPE))
    assert isinstance(found, ScanError) or all(isinstance(one, Page) for one in found.pages)


def test_instructions_that_break_off_are_told(tmp_path: Path):
    """A page whose instructions end in the middle of one may be incomplete, even when nothing is packed."""
    pdf = scan()
    pdf.pages[0].obj.Contents = Stream(pdf, b"q 119.52 0 0 168.48 0 0 cm /Im Do Q [(br")
    found = without_judge(tmp_path, raw_save(pdf, tmp_path / "a.pdf"))
    assert [page.flaw for page in found.pages] == [INCOMPLETE]
