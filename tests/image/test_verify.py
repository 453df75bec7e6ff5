"""The second reader's check."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from image.convert import to_pdf
from image.document import Limits, Page
from image.errors import ScanError, ScanFault
from image.verify import verify
from tests.image.drawn import page, saved


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A PDF of two pages of 119.52 by 168.48 points."""
    source = tmp_path / "a.jpg"
    source.write_bytes(saved(page(), "JPEG", dpi=(100, 100)))
    return to_pdf([source, source], tmp_path / "a.pdf", Limits(), datetime(2026, 11, 23, tzinfo=UTC)).path


GOOD = Page(119.52, 168.48, "passed")


def test_what_was_planned_holds(pdf: Path):
    """The pages that were written are found again."""
    verify(pdf, [GOOD, GOOD])
    with pytest.raises(ScanError):
        verify(pdf, [GOOD, Page(168.48, 119.52, "passed")])


@pytest.mark.parametrize("pages", [[GOOD], [GOOD] * 3, [GOOD, Page(119.52, 160, "passed")], []])
def test_anything_else_is_never_delivered(pdf: Path, pages: list[Page]):
    """Another number or size of pages is a crash of ours, not a delivery."""
    with pytest.raises(ScanError) as caught:
        verify(pdf, pages)
    assert caught.value.fault is ScanFault.CRASHED


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.98])
def test_a_torn_file_is_never_delivered(pdf: Path, keep: float):
    """A file whose end did not reach the disk does not verify."""
    data = pdf.read_bytes()
    pdf.write_bytes(data[: int(keep * len(data)) if keep < 1 else int(keep)])
    with pytest.raises(ScanError) as caught:
        verify(pdf, [GOOD, GOOD])
    assert caught.value.fault is ScanFault.CRASHED


def test_a_missing_file_is_our_trouble(tmp_path: Path):
    """A file that is gone is an OSError."""
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "gone.pdf", [])
