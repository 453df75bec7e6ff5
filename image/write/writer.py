"""Writes a PDF of images straight to disk, object by object; only the objects' offsets stay in memory."""

import hashlib
import zlib
from array import array
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import BinaryIO, assert_never

from image.document import Limits, Written
from image.limit import check_output
from image.picture import CHANNELS, Coding, Colour, Picture
from image.recipe import Recipe
from image.write.archive import info_entries, xmp_packet
from image.write.cmyk import cmyk_profile
from image.write.srgb import srgb_profile

_CATALOG, _PAGES, _INFO, _METADATA = 1, 2, 3, 4
_FIXED_OBJECTS = 4
_DEVICE = {Colour.GREY: "/DeviceGray", Colour.RGB: "/DeviceRGB", Colour.CMYK: "/DeviceCMYK"}
_SAMPLES = CHANNELS | {Colour.INDEXED: 1}

_MARKED, _ALIGNED = "/EndOfLine true /EndOfBlock false", "/EncodedByteAlign true /EndOfBlock false"
_FAX = {
    Coding.G4: ("/K -1", False),
    Coding.G4_BLACK_IS_1: ("/K -1", True),
    Coding.G3: (f"/K 0 {_MARKED}", False),
    Coding.G3_BLACK_IS_1: (f"/K 0 {_MARKED}", True),
    Coding.G3_2D: (f"/K 1 {_MARKED}", False),
    Coding.G3_2D_BLACK_IS_1: (f"/K 1 {_MARKED}", True),
    Coding.MH: (f"/K 0 {_ALIGNED}", False),
    Coding.MH_BLACK_IS_1: (f"/K 0 {_ALIGNED}", True),
}
"""ISO 32000-1 table 11: the coding, and whether BlackIs1."""

_TOLD_BYTES = 1024
"""As much of each end of a run of image data goes into the file's identity."""


class PdfWriter:
    """One PDF 1.7 being written to ``file``, forwards only: ``add_page`` for each page, then ``finish`` once.

    Identical pages, ``recipe`` and ``made_at`` (with a time zone) give identical bytes. The identity in the trailer is
    a digest (SHA-256) over all objects, and of each piece of image data over its length and both ends: over all of it,
    it would take longer than writing it. The file is PDF/A-2b when the
    recipe asks for that (``is_archive``); CMYK without a profile of its own then gets ours. A file larger than
    ``limits.output_bytes`` is a ``ScanError`` (too-large). ``OSError`` comes through.
    """

    def __init__(self, file: BinaryIO, limits: Limits, made_at: datetime, recipe: Recipe) -> None:
        self._file = file
        self._limits = limits
        self._made_at = made_at.astimezone(UTC)
        self._digest = hashlib.sha256()
        self._size_bytes = 0
        self._waiting: list[bytes] = []
        self._box = b""
        self._offsets = array("Q", bytes(8 * _FIXED_OBJECTS))
        self._pages = array("L")
        self._is_archive = recipe.is_archive
        self._title = recipe.title
        self._drawings: dict[tuple[float, float, int], tuple[int, bytes]] = {}
        self._profiles: dict[bytes, int] = {}
        self._cmyk: int | None = None
        # ISO 32000-1 7.5.2: four bytes above 127 tell transfer programs that this is not text.
        self._put(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add_page(
        self,
        width_pt: float,
        height_pt: float,
        orientation: int,
        picture: Picture,
        data: Iterable[bytes],
        data_bytes: int | None = None,
    ) -> None:
        """Adds a page filled by one image whose coded bytes are ``data``; ``data_bytes`` when it is known how many.

        ``width_pt`` and ``height_pt`` are the page as shown; ``orientation`` is EXIF's (1 to 8), undone here.
        """
        contents, box = self._drawing(width_pt, height_pt, orientation)
        image = self._add_image(picture, data, data_bytes)
        # In an object of their own, so that who reads the page tree need not read them.
        resources, page = self._next_object(), self._next_object()
        self._object(resources, b"<< /XObject << /Im %d 0 R >> >>" % image)
        # Pages of the first one's size inherit it (ISO 32000-1 7.7.3.4), which spares every reader a third of a page.
        self._box = self._box or box
        own = b"" if box == self._box else b" /MediaBox %s" % box
        self._object(
            page,
            b"<< /Type /Page /Parent %d 0 R%s /Resources %d 0 R /Contents %d 0 R >>"
            % (_PAGES, own, resources, contents),
        )
        self._pages.append(page)

    def finish(self) -> Written:
        """Writes what closes the file; the caller flushes and makes it durable."""
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        box = b" /MediaBox %s" % self._box if self._box else b""
        self._object(_PAGES, b"<< /Type /Pages /Count %d /Kids [%s]%s >>" % (len(self._pages), kids.encode(), box))
        self._object(_INFO, f"<< {info_entries(self._made_at, self._title)} >>".encode())
        packet = xmp_packet(self._made_at, self._title, is_archive=self._is_archive)
        self._stream(_METADATA, "/Type /Metadata /Subtype /XML", packet)
        intent = ""
        if self._is_archive:
            intent = (
                "/OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB) /Info (sRGB) "
                f"/DestOutputProfile {self._add_profile(srgb_profile(), 3)} 0 R >>] "
            )
        catalog = f"<< /Type /Catalog /Pages {_PAGES} 0 R /Metadata {_METADATA} 0 R {intent}>>"
        self._object(_CATALOG, catalog.encode())
        self._put_trailer()
        return Written(self._size_bytes)

    @property
    def is_archive(self) -> bool:
        """Whether the file claims to be PDF/A-2b."""
        return self._is_archive

    def _drawing(self, width_pt: float, height_pt: float, orientation: int) -> tuple[int, bytes]:
        """The contents of a page of this size, one object for all who have it, and its media box."""
        key = (width_pt, height_pt, orientation)
        if key not in self._drawings:
            drawing = f"q {_matrix(width_pt, height_pt, orientation)} cm /Im Do Q\n".encode()
            box = f"[0 0 {_number(width_pt)} {_number(height_pt)}]".encode()
            self._drawings[key] = self._next_object(), box
            self._stream(self._drawings[key][0], "", drawing)
        return self._drawings[key]

    def _add_image(self, picture: Picture, data: Iterable[bytes], data_bytes: int | None) -> int:
        space = self._space(picture)
        image = self._next_object()
        length = self._next_object() if data_bytes is None else None
        told = data_bytes if length is None else f"{length} 0 R"
        entries = f"/Type /XObject /Subtype /Image {_image_entries(picture, space)} /Length {told}"
        self._put(b"%d 0 obj\n<< %s >>\nstream\n" % (self._begun(image), entries.encode()))
        before = self._size_bytes
        for piece in data:
            self._put_data(piece)
        size_bytes = self._size_bytes - before
        self._put(b"\nendstream\nendobj\n")
        if length is not None:
            self._object(length, b"%d" % size_bytes)
        elif size_bytes != data_bytes:
            raise ValueError("the image's data is not as long as was said")
        return image

    def _space(self, picture: Picture) -> str:
        """The colour space of the picture's samples; a profile it needs is written, once for all who share it."""
        plain = Colour.RGB if picture.colour is Colour.INDEXED else picture.colour
        if picture.profile:
            space = f"[/ICCBased {self._add_profile(picture.profile, CHANNELS[plain])} 0 R]"
        elif plain is Colour.CMYK and self._is_archive:
            # ISO 19005-2 6.2.4.3: an RGB output intent does not say what ink looks like.
            if self._cmyk is None:
                self._cmyk = self._add_profile(cmyk_profile(), CHANNELS[plain])
            space = f"[/ICCBased {self._cmyk} 0 R]"
        else:
            space = _DEVICE[plain]
        if picture.colour is Colour.INDEXED:
            return f"[/Indexed {space} {len(picture.palette) // 3 - 1} <{picture.palette.hex()}>]"
        return space

    def _add_profile(self, profile: bytes, channels: int) -> int:
        # No /Alternate: readers that know no profiles go by /N (ISO 32000-1 table 66), and PDF/A has no say in it then.
        digest = hashlib.sha256(profile).digest()
        if digest not in self._profiles:
            self._profiles[digest] = self._next_object()
            packed = zlib.compress(profile, 9)
            self._stream(self._profiles[digest], f"/N {channels} /Filter /FlateDecode", packed)
        return self._profiles[digest]

    def _put_trailer(self) -> None:
        self._write_waiting()
        start = self._size_bytes
        identity = self._digest.hexdigest()[:32]
        self._put(b"xref\n0 %d\n0000000000 65535 f \n" % (len(self._offsets) + 1))
        self._put(b"".join(b"%010d 00000 n \n" % offset for offset in self._offsets))
        self._put(
            f"trailer\n<< /Size {len(self._offsets) + 1} /Root {_CATALOG} 0 R /Info {_INFO} 0 R "
            f"/ID [<{identity}> <{identity}>] >>\nstartxref\n{start}\n%%EOF\n".encode()
        )
        self._write_waiting()

    def _next_object(self) -> int:
        self._offsets.append(0)
        return len(self._offsets)

    def _begun(self, number: int) -> int:
        """The object's number; what is put next begins it."""
        self._offsets[number - 1] = self._size_bytes
        return number

    def _object(self, number: int, body: bytes) -> None:
        self._put(b"%d 0 obj\n%s\nendobj\n" % (self._begun(number), body))

    def _stream(self, number: int, entries: str, body: bytes) -> None:
        head = b"<< %s /Length %d >>" % (entries.encode(), len(body))
        self._put(b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (self._begun(number), head, body))

    def _put(self, text: bytes) -> None:
        """Takes what stands between two images; it is written with the next image, or at the end."""
        self._size_bytes += len(text)
        self._waiting.append(text)

    def _put_data(self, data: bytes) -> None:
        self._write_waiting()
        self._size_bytes += len(data)
        check_output(self._size_bytes, self._limits)
        is_short = len(data) <= 2 * _TOLD_BYTES
        self._digest.update(data if is_short else data[:_TOLD_BYTES] + data[-_TOLD_BYTES:])
        self._file.write(data)

    def _write_waiting(self) -> None:
        check_output(self._size_bytes, self._limits)
        text = b"".join(self._waiting)
        self._waiting.clear()
        self._digest.update(text)
        self._file.write(text)


def _image_entries(picture: Picture, space: str) -> str:
    # ISO 32000-1 7.4.9: JPEG 2000 data says its depth itself, and may have one that PDF has no number for.
    depth = "" if picture.coding is Coding.JPX else f"/BitsPerComponent {picture.bits} "
    entries = (
        f"/Width {picture.width_px} /Height {picture.height_px} {depth}/ColorSpace {space} {_filter_entries(picture)}"
    )
    return f"{entries} /Decode [{' '.join(['1 0'] * _SAMPLES[picture.colour])}]" if picture.is_inverted else entries


def _filter_entries(picture: Picture) -> str:
    match picture.coding:
        case Coding.DCT:
            return "/Filter /DCTDecode"
        case Coding.JPX:
            return "/Filter /JPXDecode"
        case Coding.FLATE:
            return "/Filter /FlateDecode"
        case Coding.FLATE_PNG:
            return (
                f"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors {_SAMPLES[picture.colour]} "
                f"/BitsPerComponent {picture.bits} /Columns {picture.width_px} >>"
            )
        case (
            Coding.G4
            | Coding.G4_BLACK_IS_1
            | Coding.G3
            | Coding.G3_BLACK_IS_1
            | Coding.G3_2D
            | Coding.G3_2D_BLACK_IS_1
            | Coding.MH
            | Coding.MH_BLACK_IS_1
        ):
            return _fax_entries(picture)
        case _:
            assert_never(picture.coding)


def _fax_entries(picture: Picture) -> str:
    coding, is_black_one = _FAX[picture.coding]
    size = f"/Columns {picture.width_px} /Rows {picture.height_px}"
    return f"/Filter /CCITTFaxDecode /DecodeParms << {coding} {size}{' /BlackIs1 true' if is_black_one else ''} >>"


def _matrix(width_pt: float, height_pt: float, orientation: int) -> str:
    """The matrix that puts the unit square of an image on a page of this size, turned and mirrored as EXIF says.

    TIFF 6.0 page 36 names, for each orientation, the sides where row 0 and column 0 are to be shown.
    """
    w, h = width_pt, height_pt
    matrices = {
        1: (w, 0, 0, h, 0, 0),
        2: (-w, 0, 0, h, w, 0),
        3: (-w, 0, 0, -h, w, h),
        4: (w, 0, 0, -h, 0, h),
        5: (0, -h, -w, 0, w, h),
        6: (0, -h, w, 0, 0, h),
        7: (0, h, w, 0, 0, 0),
        8: (0, h, -w, 0, w, 0),
    }
    return " ".join(_number(value) for value in matrices[orientation])


def _number(value: float) -> str:
    """A PDF number with four digits behind the point at most: a 5000th of what any printer resolves."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
