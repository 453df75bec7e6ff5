"""TIFFs of every depth, meaning of samples and layout, through to_pdf: exact pixels, seen by poppler."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms

from tests.image.drawn import furthest
from tests.image.poppler import extracted
from tests.image.through_convert import LOSSLESS, converted
from tests.image.tiff_maker import DEFLATE, LZW, NONE, OLD_DEFLATE, PACKBITS, Drawing, Form, drawing, made

Shown = Callable[[Drawing], Image.Image]


@dataclass(frozen=True, slots=True)
class Kind:
    """Pictures of one meaning: TIFF's photometric interpretation, and how such a picture must be shown."""

    photometric: int
    bits: int
    samples: int
    shown: Shown
    more: tuple[tuple[int, str, tuple[int, ...]], ...] = ()


def eight(value: int, bits: int) -> int:
    """A sample of so many bits in eight: scaled up exactly, or its highest bits."""
    return value >> (bits - 8) if bits > 8 else round(value * 255 / ((1 << bits) - 1))


def channel(picture: Drawing, index: int) -> Image.Image:
    """One sample of each pixel, of eight bits."""
    image = Image.new("L", (len(picture.rows[0]), len(picture.rows)))
    image.putdata([eight(pixel[index], picture.bits) for row in picture.rows for pixel in row])
    return image


def grey(picture: Drawing) -> Image.Image:
    """Black is zero; samples behind the first mean nothing."""
    return channel(picture, 0)


def white_is_zero(picture: Drawing) -> Image.Image:
    """The other way round."""
    return ImageChops.invert(channel(picture, 0))


def rgb(picture: Drawing) -> Image.Image:
    """Red, green, blue."""
    return Image.merge("RGB", [channel(picture, index) for index in range(3)])


def cmyk(picture: Drawing) -> Image.Image:
    """Inks, as Pillow turns them into colours."""
    return Image.merge("CMYK", [channel(picture, index) for index in range(4)]).convert("RGB")


def lab(picture: Drawing) -> Image.Image:
    """L, and signed a and b, through lcms."""
    signed = [value ^ 128 for value in range(256)]
    planes = [channel(picture, 0), channel(picture, 1).point(signed), channel(picture, 2).point(signed)]
    names = (ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"))
    found = ImageCms.applyTransform(Image.merge("LAB", planes), ImageCms.buildTransform(*names, "LAB", "RGB"))
    assert found is not None
    return found


def on_white(picture: Drawing) -> Image.Image:
    """Colour with an opacity of its own, on white paper."""
    count = picture.samples - 1
    colours = rgb(picture) if count == 3 else channel(picture, 0).convert("RGB")
    colours.putalpha(channel(picture, count))
    return Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours).convert("RGB")


def premultiplied(picture: Drawing) -> Image.Image:
    """Colour that is multiplied by its opacity, on white paper."""
    rest = ImageChops.invert(channel(picture, picture.samples - 1))
    colours = rgb(picture) if picture.samples > 3 else channel(picture, 0).convert("RGB")
    return ImageChops.add(colours, Image.merge("RGB", (rest, rest, rest)))


COLOURS = [((index * 37) % 256, (index * 101 + 5) % 256, (255 - index) % 256) for index in range(256)]


def palette(bits: int) -> tuple[tuple[int, str, tuple[int, ...]], ...]:
    """The entry of a colour map."""
    used = COLOURS[: 1 << bits]
    return ((320, "H", tuple(colour[at] * 257 for at in range(3) for colour in used)),)


def through_palette(picture: Drawing) -> Image.Image:
    """Numbers of colours."""
    image = Image.new("RGB", (len(picture.rows[0]), len(picture.rows)))
    image.putdata([COLOURS[pixel[0]] for row in picture.rows for pixel in row])
    return image


GREY_BITS = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16)
KINDS = {
    **{f"grey {bits}": Kind(1, bits, 1, grey) for bits in GREY_BITS},
    **{f"white-is-zero {bits}": Kind(0, bits, 1, white_is_zero) for bits in GREY_BITS},
    **{f"palette {bits}": Kind(3, bits, 1, through_palette, palette(bits)) for bits in (1, 2, 4, 6, 8)},
    **{f"rgb {bits}": Kind(2, bits, 3, rgb) for bits in (1, 2, 4, 5, 8, 10, 12, 16)},
    **{f"cmyk {bits}": Kind(5, bits, 4, cmyk) for bits in (4, 8, 12, 16)},
    **{f"lab {bits}": Kind(8, bits, 3, lab) for bits in (8, 16)},
    **{f"rgb {bits}, alpha": Kind(2, bits, 4, on_white, ((338, "H", (2,)),)) for bits in (4, 8, 16)},
    **{f"rgb {bits}, associated": Kind(2, bits, 4, premultiplied, ((338, "H", (1,)),)) for bits in (8, 16)},
    **{f"rgb {bits}, unspecified": Kind(2, bits, 4, rgb, ((338, "H", (0,)),)) for bits in (8, 16)},
    **{f"grey {bits}, alpha": Kind(1, bits, 2, on_white, ((338, "H", (2,)),)) for bits in (8, 16)},
    "grey 1, unspecified": Kind(1, 1, 2, grey, ((338, "H", (0,)),)),
    "grey 8, associated": Kind(1, 8, 2, premultiplied, ((338, "H", (1,)),)),
    "rgb 8, two more": Kind(2, 8, 5, rgb, ((338, "H", (0, 0)),)),
    "rgb 16, two more": Kind(2, 16, 5, rgb, ((338, "H", (0, 0)),)),
    "cmyk 8, one more": Kind(5, 8, 5, cmyk, ((338, "H", (0,)),)),
    "palette 8, one more": Kind(3, 8, 2, through_palette, (*palette(8), (338, "H", (0,)))),
}


def forms(kind: Kind) -> Iterator[Form]:
    """Every layout with every coding; the orders of bytes and bits, and BigTIFF, in turn."""
    layouts = [Form(), Form(strip_rows=5), Form(tile=(16, 16)), Form(tile=(32, 32))]
    if kind.samples > 1:
        layouts += [replace(form, is_planar=True) for form in layouts[:3]]
    codings = (NONE, LZW, DEFLATE, PACKBITS)
    yield Form(OLD_DEFLATE, strip_rows=5)
    for number, (layout, coding) in enumerate(product(layouts, codings)):
        order, fill_order = "<>"[number % 2], 1 + number // 2 % 2
        form = replace(layout, compression=coding, order=order, fill_order=fill_order, is_big=number % 3 == 0)
        yield form
        if kind.bits in {8, 16} and coding in {LZW, DEFLATE}:
            yield replace(form, predictor=2, order="<>"[coding == LZW])


@pytest.mark.parametrize("name", KINDS)
def test_pixels(tmp_path: Path, name: str):
    """Each pixel is what its samples mean: exactly, or within 1 where more than eight bits are scaled."""
    kind = KINDS[name]
    picture = drawing(kind.bits, kind.samples, 21, 19)
    wanted = kind.shown(picture).convert("RGB")
    tried = list(forms(kind))
    document = converted(
        tmp_path, *(made(picture, kind.photometric, form, kind.more) for form in tried), recipe=LOSSLESS
    )
    found = extracted(document.path)
    assert len(found) == len(tried)
    most = 1 if kind.bits > 8 or "alpha" in name else 0
    for form, image in zip(tried, found, strict=True):
        assert furthest(image, wanted) <= most, form
