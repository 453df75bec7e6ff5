"""Small scan files of every type, made on the spot."""

import io
import random
import struct
import zipfile

from PIL import Image


def pdf(page_bytes: int = 200) -> bytes:
    """One PDF that ends as it should; not a page anyone could read."""
    body = b"%PDF-1.4\n1 0 obj\n<< /Length " + b"%d" % page_bytes + b" >>\nstream\n" + b"\x55" * page_bytes
    body += b"\nendstream\nendobj\n"
    return body + b"xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def image(kind: str, pages: int = 1) -> bytes:
    """One image file of a Pillow format: hard to compress, so that it has some length, and the same on every run."""
    written = io.BytesIO()
    drawn = [Image.frombytes("L", (64, 64), noise(64 * 64, number)) for number in range(pages)]
    if kind == "TIFF":
        drawn[0].save(written, kind, save_all=True, append_images=drawn[1:], compression="raw")
        return written.getvalue().rstrip(b"\0")  # its padding; no pixel is 0
    drawn[0].save(written, kind)
    return written.getvalue()


def open_ended(jp2: bytes) -> bytes:
    """The same JPEG 2000 file with a codestream box that goes to the end of the file."""
    at = jp2.index(b"jp2c")
    return jp2[: at - 4] + bytes(4) + jp2[at:]


def noise(length: int, seed: int) -> bytes:
    """Bytes without a zero that no compressor shortens much."""
    return bytes(1 + value % 255 for value in random.Random(seed).randbytes(length))


def big_tiff(order: str = "<") -> bytes:
    """A BigTIFF: header, directory of two entries, strip; for a directory before its data."""
    magic = b"II+\0" if order == "<" else b"MM\0+"
    strip = b"\x0f" * 40
    directory_at, strip_at = 16, 16 + 8 + 2 * 20 + 8
    return b"".join(
        (
            magic,
            struct.pack(order + "HHQ", 8, 0, directory_at),
            struct.pack(order + "Q", 2),
            struct.pack(order + "HHQQ", 273, 16, 1, strip_at),
            struct.pack(order + "HHQQ", 279, 16, 1, len(strip)),
            struct.pack(order + "Q", 0),
            strip,
        )
    )


def packed() -> bytes:
    """A ZIP with a comment, as XPS has it."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("page", b"x" * 500)
        archive.comment = b"made by a scanner"
    return written.getvalue()


ALL = {
    "pdf": pdf(),
    "tiff": image("TIFF", pages=3),
    "big tiff, little end": big_tiff("<"),
    "big tiff, big end": big_tiff(">"),
    "jpeg": image("JPEG"),
    "png": image("PNG"),
    "gif": image("GIF"),
    "bmp": image("BMP"),
    "zip": packed(),
    "jpeg 2000": image("JPEG2000"),
    "jpeg 2000, last box to the end": open_ended(image("JPEG2000")),
    "jpeg 2000, bare": image("JPEG2000")[image("JPEG2000").index(b"\xff\x4f\xff\x51") :],
}
"""A whole file of each type that is judged by its ends."""
