"""Damaged files of every format, through the probes and through all of to_pdf: a result or a refusal that says why."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image.convert import to_pdf
from image.document import Document, Limits
from image.errors import ScanError, ScanFault
from image.probe.bmp import probe_bmp
from image.probe.jpeg import probe_jpeg
from image.probe.png import probe_png
from image.probe.tiff import probe_tiff
from image.reader import Reader, reader_of
from image.sniff import HEAD_BYTES, TAIL_BYTES, Kind, sniff
from tests.image.archived_scans import MADE_AT
from tests.image.mutated import LONGEST, Damage, Edit, mutated
from tests.image.outcome import outcome
from tests.image.poppler import checked
from tests.image.small_scans import of_format, small_scans

LIMITS = Limits(pages=200, pixels=1_000_000, decoded_bytes=16_000_000, output_bytes=32_000_000)
PROBES: dict[str, Callable[[Reader, Limits], object]] = {
    "tif": probe_tiff,
    "jpg": probe_jpeg,
    "png": probe_png,
    "bmp": probe_bmp,
}
FORMATS = ("tif", "jpg", "png", "bmp", "gif", "jp2", "pdf")
ANYWHERE = st.one_of(st.integers(0, 65535), st.integers(0, 2047))
EDIT = st.builds(Edit, st.sampled_from(Damage), ANYWHERE, st.integers(1, LONGEST), st.integers(0, 65535))
EDITS = st.lists(EDIT, min_size=1, max_size=6)
OTHER = st.sampled_from(sorted(small_scans()))


def damaged(ending: str, data: st.DataObject) -> bytes:
    """A file of the format, damaged; runs that are spliced in come from any file."""
    name = data.draw(st.sampled_from(sorted(of_format(ending))))
    return mutated(small_scans()[name], small_scans()[data.draw(OTHER)], data.draw(EDITS))


@pytest.mark.parametrize("ending", PROBES)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_probes(ending: str, data: st.DataObject):
    """Reading what a damaged file announces gives pages or a refusal; every file has a kind."""
    made = damaged(ending, data)
    assert sniff(made[:HEAD_BYTES], made[-TAIL_BYTES:]) in Kind
    outcome(lambda: PROBES[ending](reader_of(io.BytesIO(made)), LIMITS))


@pytest.mark.parametrize("ending", FORMATS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_to_pdf(tmp_path: Path, ending: str, data: st.DataObject):
    """Converting one gives a PDF, or a refusal that somebody foresaw, and leaves nothing else behind."""
    source, out = tmp_path / "scan", tmp_path / "out.pdf"
    source.write_bytes(damaged(ending, data))
    found = outcome(lambda: to_pdf([source], out, LIMITS, MADE_AT))
    if isinstance(found, Document):
        assert found.size_bytes == out.stat().st_size
        if ending != "pdf":
            checked(out)
        out.unlink()
    else:
        assert is_foreseen(found)
    assert [path.name for path in tmp_path.iterdir()] == ["scan"]


def is_foreseen(refusal: ScanError) -> bool:
    """Whether the refusal is not of the net under ``to_pdf`` that catches what nobody thought of, nor of its check."""
    is_from_net = "cannot be read (" in refusal.sentence or isinstance(refusal.__cause__, MemoryError)
    return not is_from_net and refusal.fault is not ScanFault.CRASHED
