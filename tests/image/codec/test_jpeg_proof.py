"""Whether a JPEG that is passed is whole: every kind that is sound, and each of them cut off and closed again."""

import io
import random
from itertools import pairwise

import pytest
from PIL import Image

from image.codec.complaints import FLAW
from image.codec.jpeg_proof import jpeg_flaw
from tests.image.drawn import page, saved
from tests.image.small_scans import of_format

SIZE = (200, 280)
EOI = b"\xff\xd9"


def noisy(mode: str) -> Image.Image:
    """A page with something in every block."""
    grain = random.Random(3)
    bands = [
        Image.frombytes("L", SIZE, bytes(min(255, value // 2 + grain.randrange(128)) for value in band.tobytes()))
        for band in page(mode, *SIZE).split()
    ]
    return bands[0] if mode == "L" else Image.merge(mode, bands)


KINDS: dict[str, dict[str, object]] = {
    "plain": {},
    "fine": {"quality": 98, "subsampling": 0},
    "coarse": {"quality": 20},
    "halved": {"subsampling": 1},
    "restarts": {"restart_marker_rows": 1},
    "many restarts": {"restart_marker_blocks": 3},
    "progressive": {"progressive": True},
    "optimised": {"optimize": True},
}
SOUND = {
    **{
        f"{mode} {kind}": saved(noisy(mode), "JPEG", **how)
        for mode in ("L", "RGB", "CMYK")
        for kind, how in KINDS.items()
    },
    "white": saved(Image.new("RGB", SIZE, "white"), "JPEG"),
    "one pixel": saved(Image.new("L", (1, 1), 7), "JPEG"),
    "one row": saved(noisy("RGB").crop((0, 0, 200, 1)), "JPEG"),
}


@pytest.mark.parametrize("name", SOUND)
def test_nothing_is_said_of_a_sound_picture(name: str):
    """Whole, also with filling or padding before its end, it has no flaw."""
    data = SOUND[name]
    assert jpeg_flaw(data) == ""
    assert jpeg_flaw(data[:-2] + b"\x00" * 7 + EOI) == ""
    assert jpeg_flaw(data[:-2]) == ""


@pytest.mark.parametrize("name", of_format("jpg"))
def test_nothing_is_said_of_small_ones(name: str):
    """Nor has any of the small files that other tests are made of."""
    assert jpeg_flaw(of_format("jpg")[name]) == ""


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("name", [name for name in SOUND if not name.startswith("one")])
def test_a_cut_picture_that_is_closed_all_the_same(name: str, share: float):
    """What ends too early is told, though its end mark is there."""
    data = SOUND[name]
    start = data.index(b"\xff\xda") + 14
    cut = data[: start + int((len(data) - 2 - start) * share)].rstrip(b"\xff")
    assert jpeg_flaw(cut + EOI) == FLAW


def test_a_progressive_picture_without_its_last_scans():
    """Cut between two scans, where every byte there is makes sense, it is known to lack detail."""
    data = SOUND["RGB progressive"]
    scans = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    ends = [
        data.rfind(b"\xff\xc4", 0, at) if data.rfind(b"\xff\xc4", 0, at) > before else at
        for before, at in pairwise(scans)
    ]
    assert len(ends) > 5
    for end in ends:
        assert jpeg_flaw(data[:end] + EOI) == FLAW


@pytest.mark.parametrize("hole", [400, 4000])
@pytest.mark.parametrize("name", ["L plain", "RGB plain", "RGB fine"])
def test_what_is_taken_out_of_the_midst(name: str, hole: int):
    """A piece that was lost on the way leaves too few blocks, and is told."""
    data = SOUND[name]
    start = data.index(b"\xff\xda") + 14
    at = (start + len(data)) // 2
    assert jpeg_flaw(data[:at] + data[at + hole :]) == FLAW


def test_what_cannot_be_decoded_here_is_not_judged():
    """Nothing is said of 12 bits and of arithmetic coding, which no decoder at hand knows."""
    data = SOUND["RGB plain"]
    frame = data.index(b"\xff\xc0")
    assert jpeg_flaw(data[:frame] + b"\xff\xc9" + data[frame + 2 :]) == ""
    assert jpeg_flaw(data[: frame + 4] + b"\x0c" + data[frame + 5 :]) == ""


def test_what_is_no_jpeg():
    """Bytes that make no picture are a flaw."""
    assert jpeg_flaw(b"\xff\xd8\xff\xd9") == FLAW
    assert jpeg_flaw(SOUND["RGB plain"][:300] + EOI) == FLAW


def test_memory_stays_small():
    """A picture is looked at by the means of its blocks: what is kept of it is a sixty-fourth."""
    image = Image.open(io.BytesIO(SOUND["RGB plain"]))
    image.draft(None, (SIZE[0] // 8, SIZE[1] // 8))
    assert image.size == (25, 35)
