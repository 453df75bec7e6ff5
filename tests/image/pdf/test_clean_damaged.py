"""Incoming PDFs that are cut, damaged, wrapped in junk or refused."""

from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Name, Pdf, Stream

from image.document import Limits, Page
from image.errors import ScanError, ScanFault
from image.pdf.clean import INCOMPLETE, REPAIRED, clean_pdf
from tests.image.drawn import SAME, difference, page
from tests.image.outcome import outcome
from tests.image.poppler import page_sizes, rendered
from tests.image.scanned_pdf import JPEG, LIMITS, MADE_AT, cleaned, fault_of, plain, scan


@pytest.mark.parametrize(
    ("before", "behind", "notes"),
    [
        (b"\x1b%-12345X@PJL\r\n@PJL ENTER LANGUAGE=PDF\r\n", b"\x1b%-12345X", ()),
        (b"", b"\r\n\r\n", ()),
        (b"", bytes(8192), (REPAIRED,)),
    ],
)
def test_junk_around_is_dropped(tmp_path: Path, before: bytes, behind: bytes, notes: tuple[str, ...]):
    """A printer's wrapper and padding do not come along."""
    out, found = cleaned(tmp_path, before + plain() + behind)
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.read_bytes().rstrip().endswith(b"%%EOF")
    assert found == notes


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


def test_damaged_instructions_are_told(tmp_path: Path):
    """A page whose drawing instructions cannot be unpacked is delivered with a word to the reader."""
    pdf = scan()
    pdf.pages[0].obj.Contents = Stream(pdf, b"not deflated at all", Filter=Name.FlateDecode)
    pdf.save(tmp_path / "in.pdf", compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    assert clean_pdf(tmp_path / "in.pdf", tmp_path / "out.pdf", LIMITS, MADE_AT).notes == (INCOMPLETE,)


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
    found = outcome(lambda: clean_pdf(source, tmp_path / "out.pdf", LIMITS, MADE_AT))
    assert isinstance(found, ScanError) or all(isinstance(one, Page) for one in found.pages)
