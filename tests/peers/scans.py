"""Sample scans as scanners write them, drawn on the spot and the same bytes on every run.

Pages are A4 at 300 dpi unless told otherwise: 2480 x 3508 pixels, the size every real device sends.
"""

import io
from typing import Final

import pikepdf
from PIL import Image, ImageDraw

A4_MM: Final = (210.0, 297.0)
MM_PER_INCH: Final = 25.4
ONE_STRIP_BYTES: Final = 1 << 30  # larger than any page, so Pillow does not cut it into strips
POINTS_PER_INCH: Final = 72


def a4_px(dpi: int) -> tuple[int, int]:
    """Width and height of an A4 page in pixels: 2480 x 3508 at 300 dpi."""
    return round(A4_MM[0] / MM_PER_INCH * dpi), round(A4_MM[1] / MM_PER_INCH * dpi)


def page(number: int = 1, dpi: int = 300, mode: str = "1", size_px: tuple[int, int] | None = None) -> Image.Image:
    """One drawn page: a frame, its number in large type, lines like text, and a picture.

    Args:
        number: printed on the page and shifting its lines, so that no two pages are equal.
        dpi: sets the size of an A4 page when size_px is not given.
        mode: Pillow's pixel mode: 1 (black and white), L (grey), RGB (colour).
        size_px: width and height, when the page is not A4.
    """
    width, height = size_px or a4_px(dpi)
    white, black = ((255, 255, 255), (0, 0, 0)) if mode == "RGB" else (1 if mode == "1" else 255, 0)
    image = Image.new(mode, (width, height), white)
    pen = ImageDraw.Draw(image)
    margin = max(1, width // 20)
    pen.rectangle((margin // 2, margin // 2, width - margin // 2, height - margin // 2), outline=black, width=2)
    pen.text((margin, margin), f"Page {number}", fill=black, font_size=max(10, height // 30))
    step = max(8, height // 60)
    for row, top in enumerate(range(height // 8, height * 3 // 5, step)):
        end = width - margin - (row * 37 + number * 53) % max(1, width // 3)
        pen.text((margin, top), f"{number}.{row} The quick brown fox", fill=black, font_size=max(6, step * 2 // 3))
        pen.line((width // 2, top + step // 2, end, top + step // 2), fill=black, width=max(1, step // 8))
    picture = (margin, height * 2 // 3, width - margin, height - margin)
    if mode == "RGB":
        pen.rectangle(picture, fill=(200, 220, 60 + number * 40 % 190))
        pen.ellipse(picture, fill=(180, 40, 40))
    elif mode == "L":
        pen.ellipse(picture, fill=128)
    else:
        pen.ellipse(picture, outline=black, width=max(2, width // 200))
    return image


def tiff_g4(pages: int = 1, dpi: int = 300, size_px: tuple[int, int] | None = None) -> bytes:
    """A black-and-white TIFF, CCITT G4, one strip a page: the commonest output of an office scanner."""
    drawn = [page(number, dpi, size_px=size_px) for number in range(1, pages + 1)]
    return tiff(drawn, "group4", dpi)


def tiff(pages: list[Image.Image], compression: str, dpi: int = 300) -> bytes:
    """A TIFF with one strip a page, in a compression by Pillow's name: tiff_lzw, group3, jpeg, raw and others."""
    written = io.BytesIO()
    pages[0].save(
        written,
        "TIFF",
        compression=compression,
        dpi=(dpi, dpi),
        save_all=True,
        append_images=pages[1:],
        strip_size=ONE_STRIP_BYTES,
    )
    return written.getvalue()


def jpeg(
    dpi: int | None = 300, *, colour: bool = True, quality: int = 80, size_px: tuple[int, int] | None = None
) -> bytes:
    """A baseline JPEG, colour or grey, with its dpi in the JFIF header; no dpi at all when it is None."""
    written = io.BytesIO()
    drawn = page(1, dpi or 300, "RGB" if colour else "L", size_px)
    if dpi is None:
        drawn.save(written, "JPEG", quality=quality)
    else:
        drawn.save(written, "JPEG", quality=quality, dpi=(dpi, dpi))
    return written.getvalue()


def png(dpi: int = 300, mode: str = "L", size_px: tuple[int, int] | None = None) -> bytes:
    """A PNG without interlacing, its dpi in pHYs."""
    written = io.BytesIO()
    page(1, dpi, mode, size_px).save(written, "PNG", dpi=(dpi, dpi), compress_level=1)
    return written.getvalue()


def pdf(pages: int = 1, dpi: int = 150) -> bytes:
    """A PDF as a scanner writes it: one grey JPEG a page, filling an A4 page, no text."""
    with pikepdf.new() as document:
        for number in range(1, pages + 1):
            _add_page(document, page(number, dpi, "L"), dpi)
        written = io.BytesIO()
        document.save(written, deterministic_id=True)
    return written.getvalue()


def _add_page(document: pikepdf.Pdf, drawn: Image.Image, dpi: int) -> None:
    packed = io.BytesIO()
    drawn.save(packed, "JPEG", quality=70)
    image = document.make_stream(
        packed.getvalue(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=drawn.width,
        Height=drawn.height,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=8,
        Filter=pikepdf.Name.DCTDecode,
    )
    width_pt = drawn.width * POINTS_PER_INCH / dpi
    height_pt = drawn.height * POINTS_PER_INCH / dpi
    added = document.add_blank_page(page_size=(width_pt, height_pt))
    added.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=image))
    added.Contents = document.make_stream(f"q {width_pt:.2f} 0 0 {height_pt:.2f} 0 0 cm /Im0 Do Q".encode())


def truncated(scan: bytes, keep: float = 0.6) -> bytes:
    """The first part of a scan, as a device leaves it that is switched off while writing; keep is the share kept."""
    return scan[: int(len(scan) * keep)]
