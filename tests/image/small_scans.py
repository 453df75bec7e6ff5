"""One small scan of every kind our own tests can draw: what proofs over all kinds start from."""

import io
import struct
import zlib
from collections.abc import Mapping
from functools import cache

import pikepdf
from PIL import Image

from tests.image.drawn import g4_entries, g4_strip, page, raw_tiff, saved
from tests.image.scanned_pdf import plain, scan

BITS_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
DPI = (100, 100)


@cache
def small_scans() -> Mapping[str, bytes]:
    """Files by name; the name's ending is the format. Each is whole and becomes a PDF, or is refused as unsupported."""
    return {**_tiffs(), **_jpegs(), **_pngs(), **_others(), **_pdfs()}


def of_format(ending: str) -> Mapping[str, bytes]:
    """The files of one format, such as ``tif``."""
    return {name: data for name, data in small_scans().items() if name.endswith(f".{ending}")}


def _tiffs() -> dict[str, bytes]:
    bilevel, strip = page("1"), g4_strip(page("1"))
    made = {
        f"{mode}-{compression}.tif": saved(page(mode), "TIFF", compression=compression, dpi=DPI)
        for mode in ("L", "RGB", "P")
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")
    }
    made |= {
        f"1-{compression}.tif": saved(bilevel, "TIFF", compression=compression, dpi=DPI, strip_size=512)
        for compression in ("raw", "group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw")
    }
    made |= {
        f"g4-{order}-{photometric}-{fill}.tif": raw_tiff(
            [
                (
                    g4_entries(bilevel, len(strip), t262=photometric, t266=fill),
                    strip.translate(BITS_REVERSED) if fill == 2 else strip,
                )
            ],
            {"little": "<", "big": ">"}[order],
        )
        for order in ("little", "big")
        for photometric in (0, 1)
        for fill in (1, 2)
    }
    made |= {
        f"{mode}-jpeg.tif": saved(page(mode), "TIFF", compression="jpeg", strip_size=1 << 30, dpi=DPI)
        for mode in ("L", "RGB", "YCbCr")
    }
    made["CMYK-lzw.tif"] = saved(page("CMYK"), "TIFF", compression="tiff_lzw", dpi=DPI)
    made["RGBA-lzw.tif"] = saved(page("RGBA"), "TIFF", compression="tiff_lzw", dpi=DPI)
    made["turned.tif"] = saved(bilevel, "TIFF", compression="group4", strip_size=1 << 30, tiffinfo={274: 6}, dpi=DPI)
    made["big.tif"] = saved(page("L"), "TIFF", compression="tiff_lzw", dpi=DPI, big_tiff=True)
    pages = io.BytesIO()
    bilevel.save(
        pages, "TIFF", save_all=True, append_images=[page("1", 50, 60)], compression="group4", strip_size=1 << 30
    )
    made["pages.tif"] = pages.getvalue()
    return made


def _jpegs() -> dict[str, bytes]:
    made = {
        f"{mode}-{'progressive' if progressive else 'baseline'}.jpg": saved(
            page(mode), "JPEG", dpi=DPI, progressive=progressive
        )
        for mode in ("L", "RGB", "CMYK")
        for progressive in (False, True)
    }
    for orientation in range(1, 9):
        tags = Image.Exif()
        tags[274] = orientation
        made[f"turned-{orientation}.jpg"] = saved(page(), "JPEG", exif=tags, dpi=DPI)
    made["endless.jpg"] = made["RGB-baseline.jpg"][:-2]
    return made


def _pngs() -> dict[str, bytes]:
    made = {f"{mode}.png": saved(page(mode), "PNG", dpi=DPI) for mode in ("1", "L", "RGB", "P", "RGBA", "LA")}
    for bits in (1, 2, 4):
        image = page().quantize(2**bits)
        made[f"P{bits}.png"] = saved(image, "PNG", bits=bits, dpi=DPI)
        made[f"L{bits}.png"] = grey_png(page("L"), bits)
    made["deep.png"] = saved(page("L").convert("I;16"), "PNG")
    made["deep-RGB.png"] = png(page().width, page().height, 16, 2, deep_rows(page()))
    return made


def grey_png(image: Image.Image, bits: int) -> bytes:
    """A grey picture at a depth below eight bits, its high bits kept."""
    assert image.mode == "L"
    samples, per_byte, rows = image.tobytes(), 8 // bits, []
    for y in range(image.height):
        row = [sample >> 8 - bits for sample in samples[y * image.width : (y + 1) * image.width]]
        row += [0] * (-len(row) % per_byte)
        packed = bytes(
            sum(sample << 8 - bits * (at + 1) for at, sample in enumerate(row[start : start + per_byte]))
            for start in range(0, len(row), per_byte)
        )
        rows.append(b"\x00" + packed)
    return png(image.width, image.height, bits, 0, b"".join(rows))


def deep_rows(image: Image.Image) -> bytes:
    """Rows of 16 bits a sample, each sample's byte twice: 255 becomes 65535."""
    data, row_bytes = image.tobytes(), len(image.tobytes()) // image.height
    rows = (data[start : start + row_bytes] for start in range(0, len(data), row_bytes))
    return b"".join(b"\x00" + bytes(byte for sample in row for byte in (sample, sample)) for row in rows)


def png(width_px: int, height_px: int, bits: int, colour_type: int, rows: bytes, interlace: int = 0) -> bytes:
    """A PNG (ISO 15948) of rows that each begin with their filter byte."""
    header = struct.pack(">IIBBBBB", width_px, height_px, bits, colour_type, 0, 0, interlace)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def _others() -> dict[str, bytes]:
    made = {f"{mode}.bmp": saved(page(mode), "BMP", dpi=DPI) for mode in ("1", "L", "RGB", "P")}
    made["P.gif"] = saved(page("P"), "GIF")
    made["RGB.jp2"] = saved(page("RGB"), "JPEG2000", irreversible=True)
    return made


def _pdfs() -> dict[str, bytes]:
    made = {
        "plain.pdf": plain(2),
        "packed.pdf": plain(2, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        "locked.pdf": plain(1, encryption=pikepdf.Encryption(owner="o", user="", R=6)),
    }
    acting = scan()
    acting.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    acting.pages[0].obj.Annots = pikepdf.Array(
        [pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9])]
    )
    file = io.BytesIO()
    acting.save(file)
    made["acting.pdf"] = file.getvalue()
    return made
