"""The pages of a TIFF as its directories describe them, with every limit checked before anything is decoded."""

from dataclasses import dataclass

from image.document import Limits
from image.errors import ScanError, ScanFault
from image.limit import check_page_count, check_pixels
from image.probe.icc import ProfileSource
from image.probe.jpeg import JpegPage, probe_jpeg
from image.probe.tiff_ifd import Directory, damaged_directory, directories, is_looped
from image.reader import Reader, Span, ended_early

MAX_STRIPS = 200_000
"""Strips or tiles of one page: one a line at the longest page a scanner makes, with room."""

MAX_TABLE_BYTES = 4096
"""Quantisation and Huffman tables of one JPEG: 574 bytes for colour as every writer has them; four of each fit."""

MAX_SAMPLES = 16
OLD_JPEG, NEW_JPEG = 6, 7
"""Compression: TIFF 6.0 section 22's JPEG, whose data may stand behind tag 513, and that of Technical Note 2."""

UNCOMPRESSED = 1
FAX = frozenset({2, 3, 4})
"""Compression: Modified Huffman, and TIFF's names for T.4 and T.6."""

YCBCR = 6
_PREDICTED = frozenset({5, 8, 32946, 34925, 50000})
"""Compressions that know a predictor: LZW, Deflate, LZMA, Zstandard."""

_DIRECT = frozenset({5, 32773, 34925, 50000})
"""LZW, PackBits, LZMA, Zstandard."""

_HORIZONTAL = 2
_BYTES = frozenset({1, 7})
_REDUCED, _MASK = 1, 4
_OLD_REDUCED = 2
_CM_PER_INCH, _CM_UNIT = 2.54, 3
_SEPARATE = 2

# TIFF 6.0 section 8; Technical Note 2 for 347, ICC.1:2010 B.4 for 34675.
_SUBFILE, _OLD_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 255, 256, 257, 258, 259, 262
_FILL_ORDER, _STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _STRIP_ROWS, _STRIP_SIZES = 266, 273, 274, 277, 278, 279
_X_RESOLUTION, _Y_RESOLUTION, _PLANAR, _T4_OPTIONS, _T6_OPTIONS, _UNIT, _PREDICTOR = 282, 283, 284, 292, 293, 296, 317
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES, _INK_SET, _EXTRA = 322, 323, 324, 325, 332, 338
_SAMPLE_FORMAT, _JPEG_TABLES, _SUBSAMPLING, _PROFILE = 339, 347, 530, 34675


@dataclass(frozen=True, slots=True)
class TiffPage:
    """One page. Numbers are TIFF's own codes; dpi is None when the file states none.

    ``frame`` counts all directories of the file, thumbnails too. ``strip`` is the picture's data when all of it stands
    in one strip, else None. ``fill_order`` 2 means the lowest bit of a byte is the leftmost pixel. ``jpeg`` are the
    facts of the one strip when it is a whole JPEG of the page's size (its span counts from the strip's start), and
    ``jpeg_tables`` the tables that belong to it (a JPEG of tables alone, or nothing).

    The data stands in chunks (strips or tiles) of ``chunk_width`` by ``chunk_height`` pixels, the last of which may
    reach over the picture's edge. ``extra`` says what each sample behind the colours is (0 unspecified, 1 associated
    alpha, 2 alpha). ``is_little``: numbers stand with the lowest byte first. ``subsampling`` is that of YCbCr.
    ``profile`` is where the ICC profile of the colours stands.
    """

    frame: int
    directory_at: int
    width_px: int
    height_px: int
    bits: int
    samples: int
    sample_format: int
    compression: int
    photometric: int
    planar: int
    fill_order: int
    orientation: int
    extra: tuple[int, ...]
    ink_set: int
    predictor: int
    subsampling: tuple[int, ...]
    t4_options: int
    t6_options: int
    chunk_width: int
    chunk_height: int
    is_tiled: bool
    is_little: bool
    dpi_x: float | None
    dpi_y: float | None
    strip: Span | None
    jpeg: JpegPage | None
    jpeg_tables: bytes
    profile: ProfileSource | None

    @property
    def is_fax(self) -> bool:
        """Whether the data is coded by T.4 or T.6."""
        return self.compression in FAX

    @property
    def has_differences(self) -> bool:
        """Whether samples are stored as what they differ from their left neighbour (TIFF 6.0 section 14)."""
        return self.predictor == _HORIZONTAL and self.compression in _PREDICTED

    @property
    def is_raw_ycbcr(self) -> bool:
        """Whether this is YCbCr (TIFF 6.0 section 21) whose colours may stand for several pixels at once."""
        return self.photometric == YCBCR and self.compression != NEW_JPEG and self.planar != _SEPARATE

    @property
    def is_sliceable(self) -> bool:
        """Whether each row of a chunk can be found without decoding the rows before it."""
        return self.compression == UNCOMPRESSED and not self.is_raw_ycbcr

    @property
    def is_direct(self) -> bool:
        """Whether the decoder can make pixels of all strips at once, needing nothing but their data."""
        is_eight = self.bits == 8 and self.chunk_samples in {1, 3, 4}  # noqa: PLR2004 -- grey, colour, and one more
        return is_eight and not self.is_tiled and self.compression in _DIRECT and self.planar != _SEPARATE

    @property
    def chunk_samples(self) -> int:
        """Samples of each pixel that stand together in a chunk: one when every colour has chunks of its own."""
        return 1 if self.planar == _SEPARATE else self.samples

    @property
    def chunk_row_bytes(self) -> int:
        """What a row of a chunk takes once it is unpacked."""
        return (self.chunk_width * self.chunk_samples * self.bits + 7) // 8

    @property
    def chunk_count(self) -> int:
        """How many chunks the picture needs."""
        across, down = -(-self.width_px // self.chunk_width), -(-self.height_px // self.chunk_height)
        return across * down * self.samples // self.chunk_samples


@dataclass(frozen=True, slots=True)
class Tiff:
    """The pages of a TIFF, in order; ``is_looped`` when the directory chain came back on itself and was cut there."""

    pages: tuple[TiffPage, ...]
    is_looped: bool


def probe_tiff(reader: Reader, limits: Limits) -> Tiff:
    """The pages of a TIFF or BigTIFF; thumbnails and masks are left out.

    A picture marked as reduced is only left out when it is smaller than the largest page: some writers mark
    every page. Raises ``ScanError``: damaged when a directory or the data it points to is outside the file,
    too-many-pages, too-large, no-pages.
    """
    full: list[TiffPage] = []
    reduced: list[TiffPage] = []
    last: Directory | None = None
    for frame, directory in enumerate(directories(reader)):
        # Every page may bring a thumbnail and a mask.
        check_page_count(frame // 3, limits)
        last = directory
        if directory.integer(_SUBFILE, 0) & _MASK:
            continue
        page = _page(directory, frame, limits)
        check_pixels(page.width_px, page.height_px, limits)
        _check_inside(directory, page)
        (reduced if _is_reduced(directory) else full).append(page)
    pages = _without_thumbnails(full, reduced)
    check_page_count(len(pages), limits)
    if not pages or last is None:
        raise ScanError(ScanFault.NO_PAGES, "The TIFF from the scanner holds no page. Please scan again.")
    return Tiff(pages, is_looped(last))


def _page(directory: Directory, frame: int, limits: Limits) -> TiffPage:
    bits = directory.integers(_BITS, MAX_SAMPLES) or (1,)
    formats = directory.integers(_SAMPLE_FORMAT, MAX_SAMPLES) or (1,)
    samples = directory.integer(_SAMPLES, 1)
    if not 1 <= samples <= MAX_SAMPLES or min(bits) < 1:
        raise damaged_directory()
    orientation = directory.integer(_ORIENTATION, 1)
    dpi_x, dpi_y = _dpi(directory)
    width_px, height_px = directory.integer(_WIDTH, 0), directory.integer(_HEIGHT, 0)
    is_tiled = _TILE_WIDTH in directory.fields
    strip = _only_strip(directory)
    compression = directory.integer(_COMPRESSION, 1)
    tables = bytes(directory.integers(_JPEG_TABLES, MAX_TABLE_BYTES)) if compression == NEW_JPEG else b""
    return TiffPage(
        frame=frame,
        directory_at=directory.offset,
        width_px=width_px,
        height_px=height_px,
        # Samples of different depths have no picture we could show: 0 stands for them and is refused by the plan.
        bits=bits[0] if len(set(bits)) == 1 else 0,
        samples=samples,
        sample_format=formats[0] if len(set(formats)) == 1 else 0,
        compression=compression,
        photometric=directory.integer(_PHOTOMETRIC, 0),
        planar=directory.integer(_PLANAR, 1),
        fill_order=directory.integer(_FILL_ORDER, 1),
        orientation=orientation if 1 <= orientation <= 8 else 1,  # noqa: PLR2004 -- TIFF 6.0 page 36
        extra=directory.integers(_EXTRA, MAX_SAMPLES),
        ink_set=directory.integer(_INK_SET, 1),
        predictor=directory.integer(_PREDICTOR, 1),
        subsampling=directory.integers(_SUBSAMPLING, 2),
        t4_options=directory.integer(_T4_OPTIONS, 0),
        t6_options=directory.integer(_T6_OPTIONS, 0),
        chunk_width=directory.integer(_TILE_WIDTH, 0) if is_tiled else width_px,
        chunk_height=directory.integer(_TILE_HEIGHT, 0) if is_tiled else _strip_rows(directory, height_px),
        is_tiled=is_tiled,
        is_little=directory.layout.order == "<",
        dpi_x=dpi_x,
        dpi_y=dpi_y,
        strip=strip,
        jpeg=_strip_jpeg(directory, strip, limits) if compression == NEW_JPEG else None,
        jpeg_tables=tables,
        profile=_profile(directory),
    )


def _profile(directory: Directory) -> ProfileSource | None:
    field = directory.fields.get(_PROFILE)
    return ProfileSource((Span(field.offset, field.count),)) if field and field.type in _BYTES else None


def _dpi(directory: Directory) -> tuple[float | None, float | None]:
    # A file that says "no unit" (1) still mostly means inches; values that cannot be are refused by paper.py.
    scale = _CM_PER_INCH if directory.integer(_UNIT, 2) == _CM_UNIT else 1.0
    x, y = directory.ratio(_X_RESOLUTION), directory.ratio(_Y_RESOLUTION)
    return (x * scale if x is not None else None, y * scale if y is not None else None)


def _only_strip(directory: Directory) -> Span | None:
    offsets = directory.fields.get(_STRIP_OFFSETS)
    sizes = directory.fields.get(_STRIP_SIZES)
    if offsets is None or sizes is None or offsets.count != 1 or sizes.count != 1 or _TILE_WIDTH in directory.fields:
        return None
    if directory.integer(_STRIP_ROWS, directory.integer(_HEIGHT, 0)) < directory.integer(_HEIGHT, 0):
        return None
    span = Span(directory.integer(_STRIP_OFFSETS, 0), directory.integer(_STRIP_SIZES, 0))
    return span if span.offset > 0 and span.size_bytes > 0 else None


def _strip_jpeg(directory: Directory, strip: Span | None, limits: Limits) -> JpegPage | None:
    """The strip as a JPEG of its own; None when it is not one whole picture of the page's size: then it is decoded."""
    if strip is None:
        return None
    try:
        (jpeg,) = probe_jpeg(directory.reader.part(strip), limits)
    except (ScanError, ValueError):
        return None
    size = (directory.integer(_WIDTH, 0), directory.integer(_HEIGHT, 0))
    return jpeg if jpeg.has_end and (jpeg.width_px, jpeg.height_px) == size else None


def _is_reduced(directory: Directory) -> bool:
    return bool(directory.integer(_SUBFILE, 0) & _REDUCED) or directory.integer(_OLD_SUBFILE, 1) == _OLD_REDUCED


def _without_thumbnails(full: list[TiffPage], reduced: list[TiffPage]) -> tuple[TiffPage, ...]:
    width_px = max((page.width_px for page in full), default=0)
    height_px = max((page.height_px for page in full), default=0)
    kept = [page for page in reduced if page.width_px >= width_px or page.height_px >= height_px]
    return tuple(sorted(full + kept, key=lambda page: page.frame))


def _check_inside(directory: Directory, page: TiffPage) -> None:
    """The picture has a size and all its data lies in the file; a cut file is refused here."""
    if page.width_px <= 0 or page.height_px <= 0:
        raise damaged_directory()
    offsets, sizes = chunk_table(directory)
    if page.compression == OLD_JPEG and not offsets:
        return
    if page.chunk_width <= 0 or page.chunk_height <= 0 or len(offsets) < page.chunk_count:
        raise damaged_directory()
    file_bytes = directory.reader.size_bytes
    if any(offset < 0 or offset >= file_bytes for offset in offsets):
        raise ended_early()
    # Some writers leave the sizes out or write zero; then the decoder finds the end, or says it cannot.
    if any(offset + size > file_bytes for offset, size in zip(offsets, sizes, strict=False)):
        raise ended_early()
    # Strips that lie over each other, so that the same bytes are to be decoded again and again.
    if sum(sizes) > 2 * file_bytes:
        raise damaged_directory()


def chunk_table(directory: Directory) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where each strip or tile begins, and its size (missing or 0 when the file says none); raises as ``integers``."""
    offsets = directory.integers(_TILE_OFFSETS, MAX_STRIPS) or directory.integers(_STRIP_OFFSETS, MAX_STRIPS)
    sizes = directory.integers(_TILE_SIZES, MAX_STRIPS) or directory.integers(_STRIP_SIZES, MAX_STRIPS)
    return offsets, sizes


def _strip_rows(directory: Directory, height_px: int) -> int:
    # Absent, 0 or "infinite": all rows in one strip.
    rows = directory.integer(_STRIP_ROWS, height_px)
    return height_px if rows <= 0 else min(rows, height_px)
