"""to_pdf on what it must not deliver, and on this box's own trouble."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image.convert import as_promised, to_pdf
from image.document import Document, Limits
from image.errors import ScanError, ScanFault
from tests.image.drawn import page, saved
from tests.image.outcome import outcome
from tests.image.poppler import page_sizes
from tests.image.through_convert import JPEG, LIMITS, MADE_AT, pdf_of, refused


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", ScanFault.EMPTY),
        (b"Scan to folder failed\n", ScanFault.NOT_A_SCAN),
        (b"<html><body>404", ScanFault.NOT_A_SCAN),
        (b"PK\x03\x04" + bytes(50), ScanFault.NOT_A_SCAN),
        (bytes(5000), ScanFault.NOT_A_SCAN),
        (b"%!PS-Adobe-3.0\n", ScanFault.UNSUPPORTED),
        (b"GIF89a" + bytes(20), ScanFault.DAMAGED),
        (b"%PDF-1.4\nnothing here", ScanFault.DAMAGED),
        (saved(page("L"), "TIFF", compression="tiff_lzw")[:-400], ScanFault.DAMAGED),
        (saved(page("L"), "PNG")[:-20], ScanFault.DAMAGED),
    ],
)
def test_refusals(tmp_path: Path, data: bytes, fault: ScanFault):
    """What is no scan, or no whole one, is refused with its kind, and leaves no file behind."""
    assert refused(tmp_path, data) is fault


def test_one_bad_file_refuses_the_scan(tmp_path: Path):
    """A document never comes out with fewer pages because one of its files is bad."""
    assert refused(tmp_path, JPEG, JPEG[:-500], JPEG) is ScanFault.DAMAGED
    assert refused(tmp_path, pdf_of(tmp_path, JPEG), b"%PDF-1.4 junk") is ScanFault.DAMAGED


def test_no_files(tmp_path: Path):
    """A scan of no files is refused, not delivered empty."""
    assert refused(tmp_path) is ScanFault.EMPTY


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (replace(LIMITS, pages=1), ScanFault.TOO_MANY_PAGES),
        (replace(LIMITS, pixels=100), ScanFault.TOO_LARGE),
        (replace(LIMITS, output_bytes=3000), ScanFault.TOO_LARGE),
    ],
)
def test_limits(tmp_path: Path, limits: Limits, fault: ScanFault):
    """Pages, pixels and output are limited over all files together."""
    assert refused(tmp_path, JPEG, JPEG, limits=limits) is fault
    pdf = pdf_of(tmp_path, JPEG, JPEG)
    if limits.pixels == LIMITS.pixels:
        assert refused(tmp_path, pdf, limits=limits) is fault
        assert refused(tmp_path, pdf, JPEG, limits=limits) is fault


def test_a_missing_source_is_our_trouble(tmp_path: Path):
    """A file of ours that is gone is an OSError, which another attempt may cure."""
    with pytest.raises(FileNotFoundError):
        to_pdf([tmp_path / "gone"], tmp_path / "out.pdf", LIMITS, MADE_AT)


@pytest.mark.parametrize("kind", ["image", "pdf"])
def test_a_full_disk_is_our_trouble(tmp_path: Path, kind: str):
    """No room on our disk is an OSError, never a fault of the scan."""
    source = tmp_path / "a.scan"
    source.write_bytes(JPEG if kind == "image" else pdf_of(tmp_path, JPEG))
    out = tmp_path / "full"
    out.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        to_pdf([source], out, LIMITS, MADE_AT)


@pytest.mark.parametrize(
    ("error", "promised"),
    [
        (MemoryError(), ScanFault.TOO_LARGE),
        (OSError(errno.EFBIG, "File too large"), ScanFault.TOO_LARGE),
        (OSError("image file is truncated"), ScanFault.DAMAGED),
        (RecursionError(), ScanFault.DAMAGED),
        (ZeroDivisionError(), ScanFault.DAMAGED),
        (ScanError(ScanFault.ENCRYPTED, "x"), ScanFault.ENCRYPTED),
        (OSError(errno.EIO, "x"), errno.EIO),
        (ImportError("failed to map segment"), errno.ENOMEM),
    ],
)
def test_whatever_a_library_raises(error: Exception, promised: ScanFault | int):
    """Whatever a library raises becomes a refusal, except this box's own trouble, which stays an OSError."""
    found = as_promised(error)
    assert (found.fault if isinstance(found, ScanError) else found.errno) == promised


SEEDS = (
    saved(page("1"), "TIFF", compression="group4", strip_size=512),
    saved(page("L"), "TIFF", compression="tiff_lzw"),
    JPEG,
    saved(page("P", 40, 50), "PNG", optimize=True),
    saved(page("RGBA", 40, 50), "PNG"),
    saved(page("P", 40, 50), "BMP"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), max_size=6),
    st.floats(0.5, 1),
)
def test_any_damage(tmp_path: Path, seed: bytes, changes: list[tuple[float, int]], keep: float):
    """Damage anywhere gives a PDF that verifies or a ScanError, nothing else."""
    data = bytearray(seed)
    for at, value in changes:
        data[int(at * len(data))] = value
    source = tmp_path / "a.scan"
    source.write_bytes(data[: int(keep * len(data)) + 1])
    found = outcome(lambda: to_pdf([source], tmp_path / "out.pdf", LIMITS, MADE_AT))
    if isinstance(found, Document):
        assert len(page_sizes(found.path)) == len(found.pages) >= 1
    else:
        assert found.sentence
