"""The pages of a TIFF from its directories."""

import io
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.probe.tiff import Tiff, probe_tiff
from image.reader import Span, reader_of
from tests.image.drawn import Entry, g4_entries, g4_strip, page, raw_tiff, tiff
from tests.image.outcome import outcome

LIMITS = Limits()


def probe(data: bytes, limits: Limits = LIMITS) -> Tiff:
    """The pages of a TIFF held in memory."""
    return probe_tiff(reader_of(io.BytesIO(data)), limits)


def one_page(changed: dict[str, int] | None = None, order: str = "<") -> bytes:
    """A hand-written TIFF of one G4 page."""
    image = page("1")
    strip = g4_strip(image)
    return raw_tiff([(g4_entries(image, len(strip), **(changed or {})), strip)], order)


@pytest.mark.parametrize("order", ["<", ">"])
def test_facts_of_a_page(order: str):
    """Size, coding, resolution and the one strip are read in both byte orders."""
    data = one_page({"t266": 2, "t274": 6}, order)
    (found,) = probe(data).pages
    assert (found.width_px, found.height_px, found.bits, found.samples) == (166, 234, 1, 1)
    assert (found.compression, found.photometric, found.fill_order, found.orientation) == (4, 1, 2, 6)
    assert (found.dpi_x, found.dpi_y) == (100, 100)
    assert found.strip == Span(8, len(g4_strip(page("1"))))


def test_centimetres_become_inches():
    """A resolution in centimetres is told in inches."""
    (found,) = probe(one_page({"t296": 3})).pages
    assert found.dpi_x == pytest.approx(254)


def test_every_page_has_its_own_facts(tmp_path: Path):
    """Pages of one file may differ in size and resolution."""
    path = tiff(tmp_path / "a.tif", [page("L"), page("RGB", 80, 90)], dpi=(150, 75), compression="tiff_lzw")
    pages = probe(path.read_bytes()).pages
    assert [(one.width_px, one.height_px, one.samples, one.frame) for one in pages] == [
        (166, 234, 1, 0),
        (80, 90, 3, 1),
    ]
    assert (pages[0].dpi_x, pages[0].dpi_y) == (150, 75)


def test_bigtiff(tmp_path: Path):
    """A BigTIFF is read as any other."""
    path = tiff(tmp_path / "a.tif", [page("L"), page("L")], big_tiff=True)
    assert path.read_bytes()[2:4] == b"+\x00"
    assert [one.width_px for one in probe(path.read_bytes()).pages] == [166, 166]


def test_a_page_of_several_strips_has_no_single_strip(tmp_path: Path):
    """Only a picture that stands in one strip can be passed; the others say so."""
    path = tiff(tmp_path / "a.tif", [page("1", 400, 600)], compression="group4", strip_size=4096)
    (found,) = probe(path.read_bytes()).pages
    assert found.strip is None


def test_strips_that_do_not_fill_the_page_are_damage():
    """A strip said to hold fewer rows than the page must not pass for all of it."""
    found = outcome(lambda: probe(one_page({"t278": 10})))
    assert isinstance(found, ScanError)
    assert found.fault is ScanFault.DAMAGED


def two(first: dict[str, int], second: dict[str, int]) -> Tiff:
    """A file of a full page and a tenth of it, with these entries changed."""
    small, large = page("1", 40, 50), page("1")
    pages = [
        (g4_entries(image, len(g4_strip(image)), **changed), g4_strip(image))
        for image, changed in ((large, first), (small, second))
    ]
    return probe(raw_tiff(pages))


@pytest.mark.parametrize(
    ("first", "second", "frames"),
    [
        ({}, {}, [0, 1]),
        ({}, {"t254": 1}, [0]),
        ({}, {"t255": 2}, [0]),
        ({}, {"t254": 4}, [0]),
        ({}, {"t254": 2}, [0, 1]),
        ({"t254": 1}, {"t254": 1}, [0, 1]),  # a writer that marks every page
        ({"t254": 1}, {}, [0, 1]),  # marked, but larger than what it would be a thumbnail of
    ],
)
def test_thumbnails_are_no_pages(first: dict[str, int], second: dict[str, int], frames: list[int]):
    """A thumbnail or mask is left out; a page that only claims to be one is not lost."""
    assert [one.frame for one in two(first, second).pages] == frames


def test_a_chain_that_comes_back_ends():
    """A directory chain that leads back to itself ends there, and says so."""
    image = page("1")
    strip = g4_strip(image)
    data = bytearray(one_page())
    (first,) = struct.unpack("<I", data[4:8])
    data[-4:] = struct.pack("<I", first)
    found = probe(bytes(data))
    assert len(found.pages) == 1
    assert found.is_looped
    assert not probe(raw_tiff([(g4_entries(image, len(strip)), strip)])).is_looped


@pytest.mark.parametrize(
    ("changed", "limits", "fault"),
    [
        ({"t256": 100_000, "t257": 100_000}, LIMITS, ScanFault.TOO_LARGE),
        ({"t256": 0}, LIMITS, ScanFault.DAMAGED),
        ({"t273": 10**9}, LIMITS, ScanFault.DAMAGED),
        ({"t279": 10**6}, LIMITS, ScanFault.DAMAGED),
        ({"t277": 99}, LIMITS, ScanFault.DAMAGED),
        ({}, replace(LIMITS, pages=0), ScanFault.TOO_MANY_PAGES),
    ],
)
def test_refusals(changed: dict[str, int], limits: Limits, fault: ScanFault):
    """What is too large, too long or points outside the file is refused by its header alone."""
    with pytest.raises(ScanError) as caught:
        probe(one_page(changed), limits)
    assert caught.value.fault is fault


def test_a_thousand_thumbnails_are_too_many():
    """A chain of countless small pictures ends at the page limit."""
    image = page("1", 8, 8)
    entries: list[Entry] = g4_entries(image, len(g4_strip(image)), t254=1)
    data = raw_tiff([(entries, g4_strip(image))] * 50)
    with pytest.raises(ScanError) as caught:
        probe(data, replace(LIMITS, pages=10))
    assert caught.value.fault is ScanFault.TOO_MANY_PAGES


def test_a_count_of_billions_allocates_nothing():
    """An entry that claims four billion values is refused by the claim."""
    data = bytearray(one_page())
    at = data.index(struct.pack("<HHI", 273, 4, 1))
    data[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    with pytest.raises(ScanError) as caught:
        probe(bytes(data))
    assert caught.value.fault is ScanFault.DAMAGED


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9, 0.99])
def test_a_cut_file_is_damaged(tmp_path: Path, keep: float):
    """A file cut anywhere is refused, never taken for one of fewer pages."""
    data = tiff(tmp_path / "a.tif", [page("1"), page("L"), page("RGB")]).read_bytes()
    with pytest.raises(ScanError) as caught:
        probe(data[: int(len(data) * keep)])
    assert caught.value.fault is ScanFault.DAMAGED


def holds(data: bytes) -> None:
    """The probe's one promise for any bytes: pages, or a ScanError."""
    found = outcome(lambda: probe(data, Limits(pages=20)))
    assert isinstance(found, ScanError) or found.pages


@given(st.sampled_from([b"II*\x00", b"MM\x00*", b"II+\x00\x08\x00\x00\x00", b""]), st.binary(max_size=300))
def test_any_bytes(head: bytes, rest: bytes):
    """Any bytes give pages or a ScanError, nothing else."""
    holds(head + rest)


SEED = one_page()


@given(st.lists(st.tuples(st.integers(0, len(SEED) - 1), st.integers(0, 255)), max_size=12), st.integers(0, len(SEED)))
def test_any_damage(changes: list[tuple[int, int]], keep: int):
    """A good file with any bytes changed and any end cut off gives pages or a ScanError."""
    data = bytearray(SEED)
    for at, value in changes:
        data[at] = value
    holds(bytes(data[:keep]))
