"""Finds out whether a decoded picture has few colours, which a palette holds exactly and a JPEG would blur."""

from collections.abc import Iterable

from PIL import Image, ImageChops

MAX_COLOURS = 256
MAX_GREYS = 16
"""A grey drawing has few; a scan of 16 greys is one that was made with four bits."""

_BLACK, _WHITE = 0, 255
_STEP_PX = 8


def drawn(image: Image.Image) -> Image.Image | None:
    """The same pixels as mode 1 (black and white alone) or P, or None when ``image`` (P, L or RGB) has many colours.

    A photograph costs little: one pixel of 64 is looked at first, and counting ends at the 257th colour.
    """
    if image.mode == "L":
        return _drawn_grey(image)
    if image.mode == "P":
        _, palette, _ = packed(image)
        is_plain = {palette[at : at + 3] for at in range(0, len(palette), 3)} <= {b"\x00" * 3, b"\xff" * 3}
        return _drawn_grey(image.convert("RGB").convert("L")) if is_plain else image
    # Below a white margin a count of the whole took 4 ms a page (A4 at 300 dpi, 2026-11-25).
    sample = image.resize((-(-image.width // _STEP_PX), -(-image.height // _STEP_PX)), Image.Resampling.NEAREST)
    found = image.getcolors(MAX_COLOURS) if sample.getcolors(MAX_COLOURS) is not None else None
    if found is None:
        return None
    if {colour for _, colour in found} <= {(_BLACK,) * 3, (_WHITE,) * 3}:
        return _drawn_grey(image.convert("L"))
    # Median cut keeps every colour when there are no more of them than asked for; that it did is seen, not believed.
    drawing = image.quantize(MAX_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return drawing if ImageChops.difference(drawing.convert("RGB"), image).getbbox() is None else None


def has_many(bands: Iterable[Image.Image]) -> bool:
    """Whether ``drawn`` would find too many colours in the picture (L or RGB) that ``bands`` make up.

    Of a photograph a few rows are looked at.
    """
    levels: set[object] = set()
    for band in bands:
        if band.mode == "L":
            levels.update(level for level, count in enumerate(band.histogram()) if count)
            if len(levels) > MAX_GREYS:
                return True
        else:
            found = band.getcolors(MAX_COLOURS)
            if found is None:
                return True
            levels.update(colour for _, colour in found)
            if len(levels) > MAX_COLOURS:
                return True
    return False


def packed(drawing: Image.Image) -> tuple[Image.Image, bytes, int]:
    """A P picture with the entries it uses alone, their colours (red, green, blue), and the bits an entry takes."""
    used = [entry for entry, count in enumerate(drawing.histogram()) if count]
    palette = drawing.getpalette("RGB") or []
    colours = b"".join(bytes(palette[3 * entry : 3 * entry + 3]).ljust(3, b"\x00") for entry in used)
    table = bytearray(256)
    for number, entry in enumerate(used):
        table[entry] = number
    entries = Image.frombytes("P", drawing.size, drawing.tobytes().translate(table))
    # One bit would do for two colours, but poppler's pdfimages then leaves the colours out; packed, both take the same.
    bits = next(bits for bits in (2, 4, 8) if len(used) <= 1 << bits)
    return entries, colours, bits


def _drawn_grey(image: Image.Image) -> Image.Image | None:
    levels = [level for level, count in enumerate(image.histogram()) if count]
    if set(levels) <= {_BLACK, _WHITE}:
        return image.convert("1", dither=Image.Dither.NONE)
    if len(levels) > MAX_GREYS:
        return None
    drawing = Image.frombytes("P", image.size, image.tobytes())
    drawing.putpalette(bytes(level for level in range(256) for _ in range(3)))
    return drawing
