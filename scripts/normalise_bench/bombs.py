"""Small files that ask for the whole box: each with the refusals that are right for it."""

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

_MEGABYTE = 1_000_000
_SIDE_PNG, _SIDE_G4, _SIDE_CLAIMED, _SIDE_JPEG = 30_000, 60_000, 100_000, 65_500
_PAGES = 20_000


@dataclass(frozen=True, slots=True)
class Bomb:
    """A file name, what it is, the faults that may be given for it, and what makes its bytes.

    ``is_harmless``: the part that explodes is not looked at, so a page without it is right as well.
    """

    name: str
    title: str
    faults: frozenset[str]
    bytes_of: Callable[[], bytes]
    is_harmless: bool = False

    def write(self, path: Path) -> None:
        """Makes the file."""
        path.write_bytes(self.bytes_of())


def _png() -> bytes:
    header = struct.pack(">IIBBBBB", _SIDE_PNG, _SIDE_PNG, 1, 0, 0, 0, 0)
    row = b"\x00" + b"\xff" * (_SIDE_PNG // 8)
    return _png_of((b"IHDR", header), (b"IDAT", _deflated(row for _ in range(_SIDE_PNG))))


def _png_text() -> bytes:
    """One white pixel, and a text of a gigabyte (PNG 11.3.4.5)."""
    text = b"Comment\x00\x01\x00\x00\x00" + _zeros(1000)
    pixel = zlib.compress(b"\x00\xff")
    return _png_of((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"iTXt", text), (b"IDAT", pixel))


def _png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    out = b"\x89PNG\r\n\x1a\n"
    for name, body in (*chunks, (b"IEND", b"")):
        out += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return out


def _zeros(megabytes: int) -> bytes:
    return _deflated(bytes(_MEGABYTE) for _ in range(megabytes))


def _deflated(pieces: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join([*(packer.compress(piece) for piece in pieces), packer.flush()])


def _tiff_claim() -> bytes:
    return _tiff(_SIDE_CLAIMED, 8, 3, 2, 1, bytes(64))


def _tiff_g4() -> bytes:
    # T.6: an all-white line below a white one is vertical mode 0, the single bit 1.
    return _tiff(_SIDE_G4, 1, 1, 0, 4, b"\xff" * (_SIDE_G4 // 8) + b"\x00\x10\x01")


def _tiff(side: int, bits: int, samples: int, photometric: int, compression: int, data: bytes) -> bytes:
    values = {256: side, 257: side, 258: bits, 259: compression, 262: photometric, 273: 8, 277: samples, 278: side}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in (*values.items(), (279, len(data))))
    return b"II*\x00" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", 9) + entries + bytes(4)


def _jpeg_claim() -> bytes:
    frame = struct.pack(">BHHB", 8, _SIDE_JPEG, _SIDE_JPEG, 1) + b"\x01\x11\x00"
    scan = b"\x01\x01\x00\x00\x3f\x00"
    segments = b"".join(
        b"\xff" + bytes([code]) + struct.pack(">H", len(body) + 2) + body
        for code, body in ((0xC0, frame), (0xDA, scan))
    )
    return b"\xff\xd8" + segments + bytes(64) + b"\xff\xd9"


def _gif_claim() -> bytes:
    screen = struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + b"\xff\xff\xff\x00\x00\x00"
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x4c\x01\x00;"


def _jp2_claim() -> bytes:
    """A JPEG 2000 file whose codestream announces 100 000 by 100 000 pixels (ISO 15444-1 annexes A.5.1 and I.5.3.1)."""
    side = _SIDE_CLAIMED
    size = struct.pack(">HIIIIIIIIH", 0, side, side, 0, 0, side, side, 0, 0, 3) + b"\x07\x01\x01" * 3
    code = b"\xff\x4f\xff\x51" + struct.pack(">H", len(size) + 2) + size + b"\xff\xd9"
    header = _box(b"ihdr", struct.pack(">IIHBBBB", side, side, 3, 7, 7, 0, 0))
    colour = _box(b"colr", struct.pack(">BBBI", 1, 0, 0, 16))
    return (
        _box(b"jP  ", b"\r\n\x87\n")
        + _box(b"ftyp", b"jp2 \x00\x00\x00\x00jp2 ")
        + _box(b"jp2h", header + colour)
        + _box(b"jp2c", code)
    )


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def _pdf_flate() -> bytes:
    """One page whose drawing is a gigabyte of spaces, packed twice."""
    packed = zlib.compress(_deflated(b" " * _MEGABYTE for _ in range(1000)), 9)
    entries = b"/Filter [/FlateDecode /FlateDecode]"
    return _pdf(b"[3 0 R]", 1, (b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(packed), entries, packed),))


def _pdf_pages() -> bytes:
    """Twenty thousand pages, all of them the same object."""
    return _pdf(b"[" + b"3 0 R " * _PAGES + b"]", _PAGES, (b"<< /Length 0 >>\nstream\n\nendstream",))


def _pdf_loop() -> bytes:
    """A page tree that is its own child."""
    return _pdf(b"[3 0 R 2 0 R]", 1, (b"<< /Length 0 >>\nstream\n\nendstream",))


def _pdf(kids: bytes, count: int, more: tuple[bytes, ...]) -> bytes:
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids %s >>" % (count, kids),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << >> >>",
        *more,
    )
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


_LARGE = frozenset({"too-large"})
_LARGE_OR_DAMAGED = frozenset({"too-large", "damaged"})

BOMBS = (
    Bomb("bomb-30k.png", "PNG of 30 000 x 30 000, bilevel", _LARGE, _png),
    Bomb("bomb-text.png", "PNG with a text of 1 GB", _LARGE_OR_DAMAGED, _png_text, is_harmless=True),
    Bomb("bomb-claim.tif", "TIFF that claims 100 000 x 100 000", _LARGE_OR_DAMAGED, _tiff_claim),
    Bomb("bomb-g4.tif", "TIFF of 60 000 x 60 000, G4, white", _LARGE, _tiff_g4),
    Bomb("bomb-claim.jpg", "JPEG that claims 65 500 x 65 500", _LARGE_OR_DAMAGED, _jpeg_claim),
    Bomb("bomb-claim.gif", "GIF that claims 65 535 x 65 535", _LARGE_OR_DAMAGED, _gif_claim),
    Bomb("bomb-claim.jp2", "JPEG 2000 that claims 100 000 x 100 000", _LARGE_OR_DAMAGED, _jp2_claim),
    Bomb("bomb-flate.pdf", "PDF with 1 GB packed twice", _LARGE_OR_DAMAGED, _pdf_flate),
    Bomb("bomb-pages.pdf", "PDF of 20 000 pages", frozenset({"too-many-pages", "damaged"}), _pdf_pages),
    Bomb("bomb-loop.pdf", "PDF whose page tree is its own child", frozenset({"damaged"}), _pdf_loop),
)
