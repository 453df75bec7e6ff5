"""The pictures of a JPEG file from its markers."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.probe.jpeg import JpegPage, probe_jpeg
from image.reader import Span, reader_of
from tests.image.drawn import page, saved
from tests.image.outcome import outcome

LIMITS = Limits()
PLAIN = saved(page(), "JPEG", dpi=(150, 100))


def probe(data: bytes, limits: Limits = LIMITS) -> tuple[JpegPage, ...]:
    """The pictures of a JPEG held in memory."""
    return probe_jpeg(reader_of(io.BytesIO(data)), limits)


def exif(orientation: int, dpi: int = 0) -> bytes:
    """An EXIF block as Pillow writes it."""
    tags = Image.Exif()
    tags[274] = orientation
    if dpi:
        tags[282], tags[283], tags[296] = dpi, dpi, 2
    return tags.tobytes()


def test_facts():
    """Size, colours, resolution and extent are read."""
    (found,) = probe(PLAIN)
    assert (found.width_px, found.height_px, found.bits, found.component_ids) == (166, 234, 8, (1, 2, 3))
    assert (found.dpi_x, found.dpi_y, found.orientation) == (150, 100, 1)
    assert found.span == Span(0, len(PLAIN))
    assert found.has_end
    assert found.has_jfif
    assert found.is_one_pass
    assert not found.is_progressive


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_colours(mode: str):
    """Grey has one component; Pillow's CMYK has four and Adobe's marker."""
    (found,) = probe(saved(page(mode), "JPEG"))
    assert len(found.component_ids) == {"L": 1, "CMYK": 4}[mode]
    assert (found.adobe_transform is None) == (mode == "L")


def test_progressive():
    """A progressive picture is known, and never counts as one pass."""
    (found,) = probe(saved(page(), "JPEG", progressive=True))
    assert found.is_progressive
    assert not found.is_one_pass


def test_exif():
    """EXIF gives the turn, and the resolution when JFIF gives none."""
    (found,) = probe(saved(page(), "JPEG", exif=exif(6, 240)))
    assert found.orientation == 6
    assert (found.dpi_x, found.dpi_y) == (240, 240)


@pytest.mark.parametrize(
    ("jfif", "dpi", "found"),
    [(72, 300, 300), (96, 300, 300), (1, 300, 300), (300, 72, 300), (72, 0, 72), (1, 0, 1), (96, 7, 96)],
)
def test_exif_knows_better_than_a_resolution_written_by_rote(jfif: int, dpi: int, found: int):
    """72, 96 or 1 dpi in JFIF is what programs write that know nothing; then EXIF counts, when that can be."""
    (page_found,) = probe(saved(page(), "JPEG", dpi=(jfif, jfif), exif=exif(1, dpi)))
    assert (page_found.dpi_x, page_found.dpi_y) == (found, found)


def test_broken_exif_is_no_reason_to_refuse():
    """The picture does not depend on EXIF, so nonsense there is as if nothing were stated."""
    (found,) = probe(saved(page(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"))
    assert found.orientation == 1


def test_two_pictures_are_two_pages():
    """A second JPEG behind the first is a page, not junk; zeros between them do not matter."""
    second = saved(page("L", 50, 60), "JPEG")
    assert [one.span for one in probe(PLAIN + bytes(512) + second)] == [
        Span(0, len(PLAIN)),
        Span(len(PLAIN) + 512, len(second)),
    ]


def test_a_preview_is_no_page():
    """What the Multi-Picture Format appends is a preview."""
    marked = PLAIN[:2] + b"\xff\xe2\x00\x06MPF\x00" + PLAIN[2:]
    assert len(probe(marked + PLAIN)) == 1


def test_junk_behind_is_cut_off():
    """The picture ends at its EOI, whatever stands behind."""
    (found,) = probe(PLAIN + b"\xff\x00junk" * 100)
    assert found.span == Span(0, len(PLAIN))


def test_a_missing_end_is_told():
    """A file without EOI is told apart, to be examined."""
    (found,) = probe(PLAIN[:-2])
    assert not found.has_end
    assert found.span == Span(0, len(PLAIN) - 2)


def with_frame(code: int, data: bytes = PLAIN) -> bytes:
    """The JPEG with another frame marker."""
    at = data.index(b"\xff\xc0")
    return data[: at + 1] + bytes([code]) + data[at + 2 :]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"\xff\xd8\xff", ScanFault.DAMAGED),
        (PLAIN[:300], ScanFault.DAMAGED),
        (PLAIN[: len(PLAIN) // 2] + PLAIN, ScanFault.DAMAGED),  # a cut picture with a whole one behind
        (with_frame(0xC9), ScanFault.UNSUPPORTED),
        (with_frame(0xC3), ScanFault.UNSUPPORTED),
        (b"\xff\xd8" + b"\xff\xfe\x00\x02" * 5000, ScanFault.DAMAGED),
    ],
)
def test_refusals(data: bytes, fault: ScanFault):
    """What is cut, coded in a way PDF does not know, or all markers is refused."""
    with pytest.raises(ScanError) as caught:
        probe(data)
    assert caught.value.fault is fault


def test_limits():
    """Pixels and pages are held to the limits."""
    with pytest.raises(ScanError) as caught:
        probe(PLAIN, replace(LIMITS, pixels=1000))
    assert caught.value.fault is ScanFault.TOO_LARGE
    with pytest.raises(ScanError) as caught:
        probe(PLAIN * 3, replace(LIMITS, pages=2))
    assert caught.value.fault is ScanFault.TOO_MANY_PAGES


@given(
    st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), max_size=12),
    st.integers(0, len(PLAIN)),
    st.binary(max_size=50),
)
def test_any_damage(changes: list[tuple[int, int]], keep: int, behind: bytes):
    """A good file with any bytes changed, cut and appended gives pictures or a ScanError, nothing else."""
    data = bytearray(PLAIN)
    for at, value in changes:
        data[at] = value
    assert isinstance(outcome(lambda: probe(bytes(data[:keep]) + behind)), (tuple, ScanError))
