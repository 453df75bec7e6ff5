"""Real files of every kind but TIFF and PDF, damaged: a result or a ScanError, nothing else, and an end."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image.convert import to_pdf
from image.document import Document, Limits
from image.errors import ScanFault
from image.plan.page import PageFacts, plan_page
from image.probe.bmp import probe_bmp
from image.probe.gif import probe_gif
from image.probe.jp2 import probe_jp2
from image.probe.jpeg import probe_jpeg
from image.probe.png import probe_png
from image.reader import Reader, reader_of
from image.recipe import Recipe
from image.write.srgb import srgb_profile
from tests.image.drawn import page, saved
from tests.image.jp2 import SRGB, by_number, by_profile, codestream, jp2, resolution
from tests.image.outcome import outcome
from tests.image.poppler import page_sizes
from tests.image.test_convert_bmp import KINDS
from tests.image.through_convert import MADE_AT

SMALL = page("RGB", 80, 100)
MOVING = {"save_all": True, "append_images": [SMALL.convert("P").rotate(90)]}
LIMITS = Limits(pixels=1_000_000, decoded_bytes=20_000_000)


def only(probe: Callable[[Reader, Limits], PageFacts]) -> Callable[[Reader, Limits], tuple[PageFacts, ...]]:
    """A probe of one picture as one of several."""
    return lambda reader, limits: (probe(reader, limits),)


SEEDS: dict[str, tuple[bytes, Callable[[Reader, Limits], tuple[PageFacts, ...]]]] = {
    "JPEG": (saved(SMALL, "JPEG", icc_profile=srgb_profile()), probe_jpeg),
    "JPEG restarts": (saved(SMALL, "JPEG", restart_marker_blocks=2)[:-2], probe_jpeg),
    "JPEG CMYK": (saved(SMALL.convert("CMYK"), "JPEG", progressive=True), probe_jpeg),
    "PNG": (saved(SMALL.convert("P"), "PNG", icc_profile=srgb_profile()), only(probe_png)),
    "PNG alpha": (saved(SMALL.convert("RGBA"), "PNG"), only(probe_png)),
    "GIF": (saved(SMALL.convert("P"), "GIF", **MOVING), only(probe_gif)),
    "JP2": (jp2(codestream(SMALL), by_number(SRGB), resolution(b"resc", 300, 300)), only(probe_jp2)),
    "JP2 tiles": (codestream(SMALL, tile_size=(32, 32)), only(probe_jp2)),
    "JP2 profile": (jp2(codestream(SMALL), by_profile(srgb_profile())), only(probe_jp2)),
    "JP2 alpha": (saved(SMALL.convert("RGBA"), "JPEG2000"), only(probe_jp2)),
    "JP2 sYCC": (saved(SMALL.convert("YCbCr"), "JPEG2000"), only(probe_jp2)),
    "BMP": (saved(SMALL, "BMP"), only(probe_bmp)),
    "BMP palette": (saved(SMALL.convert("P"), "BMP"), only(probe_bmp)),
    **{f"BMP {name}": (data, only(probe_bmp)) for name, data in KINDS.items() if "RLE" in name or "V5" in name},
}

CHANGES = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 0.9999), st.floats(0, 0.1)),
        st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF])),
    ),
    max_size=6,
)


def damaged(seed: bytes, changes: list[tuple[float, int]], keep: float, behind: bytes) -> bytes:
    """``seed`` with bytes changed from the second on (so that its kind stays), cut, and with something behind it."""
    data = bytearray(seed)
    for at, value in changes:
        data[2 + int(at * (len(data) - 2))] = value
    return bytes(data[: int(keep * len(data)) + 1]) + behind


KEEP = st.one_of(st.just(1.0), st.floats(0, 1))


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=60, deadline=None)
@given(changes=CHANGES, keep=KEEP, behind=st.binary(max_size=20))
def test_probes(name: str, changes: list[tuple[float, int]], keep: float, behind: bytes):
    """Reading and planning gives pages or a ScanError."""
    seed, probe = SEEDS[name]
    reader = reader_of(io.BytesIO(damaged(seed, changes, keep, behind)))
    outcome(lambda: [plan_page(one, LIMITS, Recipe()) for one in probe(reader, LIMITS)])


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, keep=KEEP, behind=st.binary(max_size=20))
def test_to_pdf(tmp_path: Path, name: str, changes: list[tuple[float, int]], keep: float, behind: bytes):
    """Converting gives a PDF that another reader opens, or a ScanError."""
    source = tmp_path / "a.scan"
    source.write_bytes(damaged(SEEDS[name][0], changes, keep, behind))
    found = outcome(lambda: to_pdf([source], tmp_path / "out.pdf", LIMITS, MADE_AT))
    if isinstance(found, Document):
        assert len(page_sizes(found.path)) == len(found.pages) >= 1
    else:
        assert found.sentence
        assert found.fault is not ScanFault.CRASHED
