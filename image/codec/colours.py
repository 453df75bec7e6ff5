"""What the samples of a decoded picture mean: grey, palette, RGB, CMYK, YCbCr, Lab, with or without transparency."""

from functools import cache
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageOps

from image.probe.tiff import TiffPage

if TYPE_CHECKING:
    from PIL import ImageCms

Planes = tuple[Image.Image, ...]
"""Pictures of one size: one of all samples (mode 1, L, RGB, or CMYK for any four), or one of mode L for each sample."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR, _LAB = 0, 1, 2, 3, 5, 6, 8
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _PALETTE: 1, _SEPARATED: 4}
_ASSOCIATED, _UNASSOCIATED = 1, 2
_WHITE = 255


def plain(decoded: tuple[Planes, ...], page: TiffPage, palette: bytes) -> Image.Image:
    """The picture as mode 1, L, P or RGB, on white where it is transparent.

    ``decoded`` are the samples of ``page`` in order, however they are bundled. Samples behind the colours whose
    meaning is not said are left out: to take them for transparency would make pages vanish.
    """
    pictures = [picture for planes in decoded for picture in planes]
    count = _COLOURS.get(page.photometric, 3)
    alpha_at = next((count + at for at, kind in enumerate(page.extra) if kind in {_ASSOCIATED, _UNASSOCIATED}), None)
    if len(pictures) == 1 and alpha_at is None:
        whole = _whole(pictures[0], page, palette)
        if whole is not None:
            return whole
    planes = pictures if len(pictures) > 1 else list(pictures[0].split())
    colours = _coloured([picture.convert("L") for picture in planes[:count]], page, palette)
    if alpha_at is None or alpha_at >= len(planes):
        return colours
    is_associated = page.extra[alpha_at - count] == _ASSOCIATED
    return _on_white(colours, planes[alpha_at], is_associated=is_associated)


def _whole(picture: Image.Image, page: TiffPage, palette: bytes) -> Image.Image | None:
    """The picture when it needs no taking apart."""
    match picture.mode, page.photometric:
        case "1", 0 | 1:
            return picture
        case "L", 0 | 1 | 3:
            return _coloured([picture], page, palette)
        case "RGB", 2 | 6:
            return picture
        case "CMYK", 5:
            return picture.convert("RGB")
        case _:
            return None


def _coloured(planes: list[Image.Image], page: TiffPage, palette: bytes) -> Image.Image:
    match page.photometric:
        case 0:
            return ImageOps.invert(planes[0])
        case 1:
            return planes[0]
        case 3:
            # A bit that was decoded as black or white is entry 0 or 1.
            index = planes[0].point([value // _WHITE for value in range(256)]) if page.is_fax else planes[0]
            image = Image.frombytes("P", index.size, index.tobytes())
            image.putpalette(palette)
            return image
        case 8:
            return _from_lab(planes)
        case _:
            mode = {5: "CMYK", 6: "YCbCr"}.get(page.photometric, "RGB")
            return Image.merge(mode, planes).convert("RGB")


def _from_lab(planes: list[Image.Image]) -> Image.Image:
    # TIFF 6.0 section 23 has signed a and b, Pillow counts them from 128 like everyone else.
    signed = [value ^ 128 for value in range(256)]
    lab = Image.merge("LAB", [planes[0], planes[1].point(signed), planes[2].point(signed)])
    from PIL import ImageCms

    return ImageCms.applyTransform(lab, _lab_to_rgb()) or lab


@cache
def _lab_to_rgb() -> "ImageCms.ImageCmsTransform":
    from PIL import ImageCms

    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")


def _on_white(colours: Image.Image, alpha: Image.Image, *, is_associated: bool) -> Image.Image:
    if colours.mode == "P":
        colours = colours.convert("RGB")
    if is_associated:
        # The colours are multiplied by their opacity already: white shines through by what is left.
        rest = ImageOps.invert(alpha.convert("L"))
        return ImageChops.add(colours, rest if colours.mode == "L" else Image.merge("RGB", (rest, rest, rest)))
    page = Image.new(colours.mode, colours.size, _WHITE if colours.mode == "L" else (_WHITE, _WHITE, _WHITE))
    page.paste(colours, mask=alpha.convert("L"))
    return page
