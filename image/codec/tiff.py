"""Decodes a page of a TIFF, whatever its layout, stack of strips by stack of strips."""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from PIL import Image, ImageChops

from image.codec.colours import Planes, plain
from image.codec.fax_proof import fax_rows
from image.codec.jpeg_bands import even_bands
from image.codec.jpeg_proof import continued, has_more
from image.codec.samples import scale, summed, unpacked
from image.codec.tiff_chunks import Chunk, Stack, held, stacks
from image.codec.tiff_view import Entry, tiff_of
from image.probe.tiff import NEW_JPEG, UNCOMPRESSED, YCBCR, TiffPage
from image.probe.tiff_ifd import Directory, directory_at
from image.reader import Reader

_T4 = 3
_END_OF_IMAGE = b"\xff\xd9"
"""The marker that closes every JPEG (T.81 table B.1); zeros behind it are padding."""

_DEFLATE, _WEBP = 8, 50001
_DEFLATES = frozenset({8, 32946})
_GREY, _RGB, _PALETTE, _CMYK = 1, 2, 3, 5
_WHITE_IS_ZERO, _WHITE = 0, 255
_DIFFERENCES = 2

_VIEWS = {1: _GREY, 3: _RGB, 4: _CMYK}
"""The photometric interpretation under which the decoder leaves so many samples a pixel as they are."""

_CODES = {1: "B", 3: "H", 4: "I", 5: "Q", 7: "B"}
_CODING_TAGS = (292, 293, 347, 529, 530, 532)
"""What a decoder needs besides the data: options of T.4 and T.6, JPEG's tables, and how YCbCr is meant."""

_MAX_CODING_VALUES = 4096


@dataclass(slots=True)
class Doubts:
    """What is known of a page's damage while it is decoded."""

    is_damaged: bool = False


def tiff_picture(reader: Reader, page: TiffPage, doubts: Doubts) -> Image.Image:
    """The page as a picture of mode 1, L, P or RGB, on white where it was transparent; not turned.

    Damage that the decoder went on behind is told to ``doubts``. Raises ``ScanError`` (damaged) when data lies
    outside the file, and whatever Pillow raises for data it cannot read: the caller knows what that means.
    """
    tags = _coding_entries(directory_at(reader, page.directory_at))
    palette = _palette(directory_at(reader, page.directory_at)) if page.photometric == _PALETTE else b""
    canvas: Image.Image | None = None
    for stack in stacks(reader, page):
        band = _band(stack, page, tags, palette, doubts)
        if canvas is None:
            if band.size == (page.width_px, page.height_px):
                return band
            canvas = Image.new(band.mode, (page.width_px, page.height_px), None)
        canvas.paste(band, (stack.left, stack.top))
    assert canvas is not None, "a page has pixels"
    if canvas.mode == "P":
        canvas.putpalette(palette)
    return canvas


def tiff_bands(reader: Reader, page: TiffPage) -> Iterator[Image.Image]:
    """The same picture of an uncompressed page in strips, in bands of its whole width from the top; raises the same."""
    palette = _palette(directory_at(reader, page.directory_at)) if page.photometric == _PALETTE else b""
    return even_bands(_band(stack, page, (), palette, Doubts()) for stack in stacks(reader, page))


def _band(stack: Stack, page: TiffPage, tags: tuple[Entry, ...], palette: bytes, doubts: Doubts) -> Image.Image:
    """The rows of a stack, as the page will be."""
    decoded = tuple(_decoded(chunks, stack, page, tags, doubts) for chunks in stack.planes)
    return plain(decoded, page, palette)


def _decoded(
    chunks: tuple[Chunk, ...], stack: Stack, page: TiffPage, tags: tuple[Entry, ...], doubts: Doubts
) -> Planes:
    """One plane, or all that stand together, as a picture of eight bits a sample, or of one bit."""
    samples = page.chunk_samples
    if page.is_fax:
        return _fax(chunks, stack, page, doubts)
    if page.compression in {NEW_JPEG, _WEBP}:
        photometric = YCBCR if page.photometric == YCBCR and samples > 1 else _VIEWS[samples]
        picture = _view(chunks, stack, page, 8, samples, photometric, tags)
        if page.compression == NEW_JPEG:
            doubts.is_damaged = doubts.is_damaged or _is_doubtful(chunks, stack, page, photometric, tags, picture)
        return (picture,)
    if page.compression in _DEFLATES:
        chunks = _inflated(chunks, page, doubts)
    if page.is_raw_ycbcr:
        # libtiff itself turns such data into RGB, but is only asked when there is something to decode.
        coding = _DEFLATE if page.compression == UNCOMPRESSED else page.compression
        wrapped = (
            chunks if coding == page.compression else tuple(held(zlib.compress(chunk.read(), 0)) for chunk in chunks)
        )
        return (_view(wrapped, stack, page, 8, samples, YCBCR, (*tags, *_predictor(page)), coding),)
    if page.compression != UNCOMPRESSED and samples in _VIEWS:
        if page.bits == 8:  # noqa: PLR2004 -- what the decoder hands out as it is
            return (_view(chunks, stack, page, 8, samples, _VIEWS[samples], _predictor(page)),)
        if page.bits == 16 and page.has_differences:  # noqa: PLR2004 -- two bytes a sample
            deep = _view(chunks, stack, page, 16, samples, _VIEWS[samples], _predictor(page))
            return (_high_bytes(deep) if samples == 1 else deep,)
    return _split(_rows(chunks, stack, page), stack, page)


def _is_doubtful(
    chunks: tuple[Chunk, ...],
    stack: Stack,
    page: TiffPage,
    photometric: int,
    tags: tuple[Entry, ...],
    picture: Image.Image,
) -> bool:
    """Whether ``picture`` is not what the data of these JPEGs says, as far as can be told from other data behind it."""

    def view(rows: int, *data: bytes) -> bytes:
        jpegs = tuple(held(one) for one in data)
        return _view(jpegs, replace(stack, rows=rows), page, 8, page.chunk_samples, photometric, tags).tobytes()

    # Behind a complete picture nothing is read, behind an incomplete one whatever stands there.
    others = (continued(_without_end(chunk.read()), b"\x55") for chunk in chunks)
    if view(stack.rows, *others) != picture.tobytes():
        return True
    for number, chunk in enumerate(chunks):
        top = number * stack.chunk_rows
        rows = min(stack.chunk_rows, stack.rows - top)
        shown = picture.crop((0, top, picture.width, top + rows)).tobytes()
        if has_more(_without_end(chunk.read()), partial(view, rows), shown):
            return True
    return False


def _without_end(chunk: bytes) -> bytes:
    padded = chunk.rstrip(b"\x00")
    return padded.removesuffix(_END_OF_IMAGE)


def _inflated(chunks: tuple[Chunk, ...], page: TiffPage, doubts: Doubts) -> tuple[Chunk, ...]:
    """The chunks wrapped anew without compression: libtiff does not look at zlib's checksum, zlib does."""
    # A byte more than there should be: then the end, and with it the checksum, has been read. One blue and one red for
    # 16 pixels make of a single pixel 18 bytes.
    most = page.chunk_row_bytes * page.chunk_height * (6 if page.is_raw_ycbcr else 1) + 1
    wrapped = []
    for chunk in chunks:
        opened = zlib.decompressobj()
        try:
            wrapped.append(held(zlib.compress(opened.decompress(chunk.read(), most), 0)))
        except zlib.error:
            doubts.is_damaged = True
            wrapped.append(chunk)
        doubts.is_damaged = doubts.is_damaged or not opened.eof
    return tuple(wrapped)


def _fax(chunks: tuple[Chunk, ...], stack: Stack, page: TiffPage, doubts: Doubts) -> Planes:
    options = page.t4_options if page.compression == _T4 else page.t6_options
    data, paper = [chunk.read() for chunk in chunks], _WHITE if page.photometric == _GREY else 0
    size = (page.chunk_width, stack.rows, stack.chunk_rows)
    found = fax_rows(data, *size, page.compression, options, paper)
    doubts.is_damaged = doubts.is_damaged or found.is_damaged
    return (ImageChops.invert(found.image) if page.photometric == _WHITE_IS_ZERO else found.image,)


def _rows(chunks: tuple[Chunk, ...], stack: Stack, page: TiffPage) -> bytes:
    """The unpacked bytes of a stack: as such they are a grey picture to every coding that works on bytes."""
    if page.compression == UNCOMPRESSED:
        return b"".join(chunk.read() for chunk in chunks)
    data = _opened(
        tiff_of(
            page.chunk_row_bytes,
            stack.rows,
            stack.chunk_rows,
            [chunk.size_bytes for chunk in chunks],
            (chunk.read() for chunk in chunks),
            bits=8,
            samples=1,
            compression=page.compression,
            photometric=_GREY,
        )
    ).tobytes()
    if page.has_differences:
        return summed(data, page.chunk_row_bytes, page.chunk_samples, page.bits, is_little=page.is_little)
    return data


def _split(rows: bytes, stack: Stack, page: TiffPage) -> Planes:
    """The samples of unpacked rows, spread over eight bits; palette entries stay numbers."""
    size, samples = (page.chunk_width, stack.rows), page.chunk_samples
    if page.bits == 1 and samples == 1 and page.photometric in {_WHITE_IS_ZERO, _GREY}:
        return (Image.frombytes("1", size, rows, "raw", "1;I" if page.photometric == _WHITE_IS_ZERO else "1"),)
    values = unpacked(rows, page.chunk_row_bytes, page.chunk_width * samples, page.bits, is_little=page.is_little)
    if page.bits < 8 and page.photometric != _PALETTE:  # noqa: PLR2004 -- deeper samples fill a byte already
        values = values.translate(scale(page.bits))
    match samples:
        case 1:
            return (Image.frombytes("L", size, values),)
        case 3:
            return (Image.frombytes("RGB", size, values),)
        case 4:
            return (Image.frombytes("CMYK", size, values),)
        case _:
            return tuple(Image.frombytes("L", size, values[index::samples]) for index in range(samples))


def _high_bytes(deep: Image.Image) -> Image.Image:
    """A grey picture of 16 bits in eight: scaled, not clipped."""
    data = deep.tobytes()
    return Image.frombytes("L", deep.size, data[0 if deep.mode == "I;16B" else 1 :: 2])


def _view(
    chunks: tuple[Chunk, ...],
    stack: Stack,
    page: TiffPage,
    bits: int,
    samples: int,
    photometric: int,
    more: tuple[Entry, ...],
    compression: int | None = None,
) -> Image.Image:
    return _opened(
        tiff_of(
            page.chunk_width,
            stack.rows,
            stack.chunk_rows,
            [chunk.size_bytes for chunk in chunks],
            (chunk.read() for chunk in chunks),
            bits=bits,
            samples=samples,
            compression=compression or page.compression,
            photometric=photometric,
            order="<" if page.is_little else ">",
            more=more,
        )
    )


def _opened(file: io.BytesIO) -> Image.Image:
    image = Image.open(file, formats=("TIFF",))
    image.load()
    return image


def _predictor(page: TiffPage) -> tuple[Entry, ...]:
    return ((317, "H", (_DIFFERENCES,)),) if page.has_differences else ()


def _coding_entries(directory: Directory) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for tag in _CODING_TAGS:
        field = directory.fields.get(tag)
        if field is None or field.type not in _CODES:
            continue
        code = _CODES[field.type]
        values = directory.fractions(tag, 6) if code == "Q" else directory.integers(tag, _MAX_CODING_VALUES)
        if values:
            entries.append((tag, code, values))
    return tuple(entries)


def _palette(directory: Directory) -> bytes:
    """The colours of the entries, red, green and blue in turn, of eight bits."""
    values = directory.integers(320, 3 * 256)
    count = len(values) // 3
    # TIFF 6.0 page 23: 16 bits a colour; some writers put eight-bit numbers there, and every reader looks for them.
    shift = 8 if max(values, default=0) > 255 else 0  # noqa: PLR2004 -- eight bits
    return bytes(values[channel * count + index] >> shift for index in range(count) for channel in range(3))
