"""Decodes fax data so that damage shows: libtiff goes on behind it, and Pillow keeps libtiff's warnings to itself."""

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from PIL import Image, ImageChops

from image.codec.complaints import FLAW, overheard
from image.codec.fax import MAX_COUNTED_BYTES, end_of_block_at, rows_of, with_first_end
from image.codec.tiff_view import Entry, strips_of, tiff_of
from image.picture import Coding, Picture

_MODIFIED_HUFFMAN, _T4, _T6 = 2, 3, 4
_T4_OPTIONS, _T6_OPTIONS, _TWO_DIMENSIONAL = 292, 293, 1
_FINE_DPI = 196
"""libtiff codes three rows of four in two dimensions at this resolution (T.4 4.2.1: K is 4)."""

_ONE_STRIP = 1 << 30
_WHITE_RUN_ONE, _WHITE_RUN_NONE, _BLACK_RUN_ONE, _BLACK_RUN_NONE = "000111", "00110101", "010", "0000110111"
_HORIZONTAL = "001"
"""T.4 tables 2 and 3, T.6 table 1."""

_WIDE_PX, _PADDING_BITS = 4, 128


_FAX_CODINGS = {
    Coding.G4: (4, 0),
    Coding.G4_BLACK_IS_1: (4, 0),
    Coding.G3: (3, 0),
    Coding.G3_BLACK_IS_1: (3, 0),
    Coding.G3_2D: (3, 1),
    Coding.G3_2D_BLACK_IS_1: (3, 1),
    Coding.MH: (2, 0),
    Coding.MH_BLACK_IS_1: (2, 0),
}
"""TIFF's compression and T4Options."""


@dataclass(slots=True)
class FaxRows:
    """Rows as they were decoded (mode 1, fax-black is 255), and whether they are not what the data says."""

    image: Image.Image
    is_damaged: bool = field(default=False)


def fax_rows(
    chunks: Sequence[bytes], width_px: int, rows: int, chunk_rows: int, compression: int, options: int, paper: int = 0
) -> FaxRows:
    """The picture of ``chunks`` of ``chunk_rows`` rows each (the last may have fewer), ``rows`` in all.

    ``options`` are T4Options for T.4, else T6Options. Rows that damaged data does not reach are ``paper`` (0 or 255).
    Raises what Pillow raises for data of which nothing can be read.
    """
    if len(chunks) == 1:
        return _chunk(chunks[0], width_px, rows, compression, options, paper)
    found = FaxRows(Image.new("1", (width_px, rows)))
    # One encoder wrote all strips of a page: when it closes some of them, it closes all.
    has_ends = [compression == _T6 and end_of_block_at(chunk) is not None for chunk in chunks]
    found.is_damaged = any(has_ends) and not all(has_ends)
    for number, chunk in enumerate(chunks):
        top = number * chunk_rows
        part = _chunk(chunk, width_px, min(chunk_rows, rows - top), compression, options, paper)
        found.image.paste(part.image, (0, top))
        found.is_damaged = found.is_damaged or part.is_damaged
    return found


def fax_flaw(picture: Picture, data: bytes) -> str:
    """What is to be said of a page whose fax data is passed, once it has been decoded; mostly nothing."""
    compression, options = _FAX_CODINGS[picture.coding]
    size = (picture.width_px, picture.height_px, picture.height_px)
    with overheard() as complaints:
        try:
            end = end_of_block_at(data) if compression == _T6 else None
            is_counted = _counted(data, end, picture.width_px, picture.height_px, options) is not None
            is_damaged = not is_counted and fax_rows((data,), *size, compression, options).is_damaged
        except (OSError, ValueError, SyntaxError, TypeError):
            return FLAW
    return FLAW if is_damaged else complaints.flaw


def _chunk(data: bytes, width_px: int, height: int, compression: int, options: int, paper: int) -> FaxRows:
    match compression:
        case 4:
            found = _t6(data, width_px, height, options)
        case 3:
            found = _t4(data, width_px, height, options)
        case _:
            found = _modified_huffman(data, width_px, height)
    if found.is_damaged and paper:
        # The rows that libtiff did not come to are zero, which would be shown black.
        _, _, _, bottom = found.image.getbbox() or (0, 0, 0, 0)
        found.image.paste(paper, (0, bottom, width_px, height))
    return found


def _t6(data: bytes, width_px: int, height: int, options: int) -> FaxRows:
    """T.6 counts no rows: so it is decoded with two different rows in the place of its end mark.

    When the rows before come out the same both times, and the row behind them as it was put there, the data held these
    rows and no others. Without an end mark it is not known where a row could be put; then the data must be what an
    encoder makes of the rows, with nothing but zeros behind.
    """
    end = end_of_block_at(data)
    if (counted := _counted(data, end, width_px, height, options)) is not None:
        return FaxRows(counted.crop((0, 0, width_px, height)))
    if end is None:
        # Padding, but not the zeros that a code may end in.
        data = data.rstrip(b"\x00") + b"\x00"
    more: tuple[Entry, ...] = ((_T6_OPTIONS, "I", (options,)),)
    rows = height if end is None else height + 1
    copies = "1" * (width_px + 64)
    copied = _decoded(_T6, _ended(data, end, copies), width_px, rows, more)
    last_is_black = copied.getpixel((0, height - 1)) != 0
    other = _HORIZONTAL + (_WHITE_RUN_ONE if last_is_black else _WHITE_RUN_NONE) + _BLACK_RUN_ONE + copies
    changed = _decoded(_T6, _ended(data, end, other), width_px, rows, more)
    apart = ImageChops.logical_xor(copied, changed).getbbox()
    image = copied if end is None else copied.crop((0, 0, width_px, height))
    if apart is not None and apart[1] < height:
        # From the first row that comes out of what was put behind the data, the page is lost.
        image.paste(0, (0, apart[1], width_px, height))
        return FaxRows(image, is_damaged=True)
    if end is None:
        return FaxRows(image, is_damaged=_is_other(data, image))
    last = copied.crop((0, height - 1, width_px, height)).tobytes()
    follows = copied.crop((0, height, width_px, height + 1)).tobytes() == last
    return FaxRows(image, is_damaged=width_px > 1 and not (follows and apart is not None))


def _counted(data: bytes, end: int | None, width_px: int, height: int, options: int) -> Image.Image | None:
    """The rows of T.6 data and one more, when they are seen to be as many as they should; None when that is not known.

    The row that is put behind them is coded without a look at the row above it. It comes out as it is, in its place,
    only behind as many whole rows.
    """
    known = _known_row(width_px)
    if end is None or known is None:
        return None
    row, bits = known
    read = _decoded(_T6, _ended(data, end, bits), width_px, height + 1, ((_T6_OPTIONS, "I", (options,)),))
    return read if read.crop((0, height, width_px, height + 1)).tobytes() == row else None


@functools.cache
def _known_row(width_px: int) -> tuple[bytes, str] | None:
    """A row that is white but for its second pixel, and its code in T.6's horizontal mode; None for narrow pages."""
    if width_px < _WIDE_PX:
        return None
    row = Image.new("1", (width_px + 1, 1))
    row.putpixel((1, 0), 255)
    row.putpixel((width_px, 0), 255)
    # Modified Huffman codes a row as runs: one white, one black, the white rest; the black pixel behind it ends that.
    (coded,) = strips_of(_saved(row, "tiff_ccitt", 0))
    runs = "".join(f"{byte:08b}" for byte in coded).rstrip("0").removesuffix(_BLACK_RUN_ONE.rstrip("0"))
    rest = runs.removeprefix(_WHITE_RUN_ONE + _BLACK_RUN_ONE)
    bits = _HORIZONTAL + _WHITE_RUN_ONE + _BLACK_RUN_ONE + _HORIZONTAL + rest + _BLACK_RUN_NONE
    # Behind it zeros, which are no code: what is not there is not made up.
    return row.crop((0, 0, width_px, 1)).tobytes(), bits + "0" * _PADDING_BITS


def _is_other(data: bytes, image: Image.Image) -> bool:
    """Whether T.6 data without an end is anything but what an encoder makes of the rows that were decoded from it."""
    (again,) = strips_of(_saved(image, "group4", 0))
    end = end_of_block_at(again)
    assert end is not None, "libtiff closes what it codes"
    whole = end // 8
    return data[:whole] != again[:whole] or len(data.rstrip(b"\x00")) > whole + 2


def _t4(data: bytes, width_px: int, height: int, options: int) -> FaxRows:
    """T.4 marks its rows: there must be so many, and each must be what an encoder makes of the row decoded from it."""
    is_two_dimensional = bool(options & _TWO_DIMENSIONAL)
    data = with_first_end(data, height, is_two_dimensional=is_two_dimensional)
    image = _decoded(_T4, data, width_px, height, ((_T4_OPTIONS, "I", (options,)),))
    if len(data) > MAX_COUNTED_BYTES:
        # Too long to be counted: of damage only the decoder's complaints tell.
        return FaxRows(image)
    found = rows_of(data, is_two_dimensional=is_two_dimensional)
    if found is None or len(found) < height:
        # What libtiff makes up for rows that no mark begins.
        image.paste(0, (0, len(found or ()), width_px, height))
        return FaxRows(image, is_damaged=True)
    plain = [row for _, row in rows_of(_coded(image, 0), is_two_dimensional=False) or ()]
    if is_two_dimensional:
        # Which rows are coded in two dimensions is the encoder's choice, how is not: between them, a picture and the
        # same one row lower have every row but the first in two dimensions.
        lower = Image.new("1", (width_px, height + 1))
        lower.paste(image, (0, 1))
        here = rows_of(_coded(image, _TWO_DIMENSIONAL), is_two_dimensional=True) or []
        there = (rows_of(_coded(lower, _TWO_DIMENSIONAL), is_two_dimensional=True) or [])[1:]
        wanted = [{(True, row), *(pair for pair in pairs if pair)} for row, *pairs in zip_longest(plain, here, there)]
    else:
        wanted = [{(True, row)} for row in plain]
    return FaxRows(image, is_damaged=any(row not in right for row, right in zip(found, wanted, strict=False)))


def _modified_huffman(data: bytes, width_px: int, height: int) -> FaxRows:
    image = _decoded(_MODIFIED_HUFFMAN, data, width_px, height, ())
    (again,) = strips_of(_saved(image, "tiff_ccitt", 0))
    return FaxRows(image, is_damaged=again.rstrip(b"\x00") != data[: len(again)].rstrip(b"\x00"))


def _decoded(compression: int, data: bytes, width_px: int, height: int, more: tuple[Entry, ...]) -> Image.Image:
    view = tiff_of(
        width_px,
        height,
        height,
        (len(data),),
        (data,),
        bits=1,
        samples=1,
        compression=compression,
        photometric=1,
        more=more,
    )
    image = Image.open(view, formats=("TIFF",))
    image.load()
    return image


def _coded(image: Image.Image, options: int) -> bytes:
    (strip,) = strips_of(_saved(image, "group3", options))
    return strip


def _saved(image: Image.Image, compression: str, options: int) -> bytes:
    file = io.BytesIO()
    tags = {_T4_OPTIONS: options} if options else {}
    # A copy, because Pillow would write tags of the TIFF that the rows came from.
    image.copy().save(
        file, "TIFF", compression=compression, strip_size=_ONE_STRIP, tiffinfo=tags, dpi=(_FINE_DPI, _FINE_DPI)
    )
    return file.getvalue()


def _ended(data: bytes, end: int | None, bits: str) -> bytes:
    """``data`` up to its bit ``end`` (None: all of it), and then ``bits``."""
    whole, part = divmod(len(data) * 8 if end is None else end, 8)
    bits = (f"{data[whole]:08b}"[:part] if part else "") + bits
    bits += "0" * (-len(bits) % 8)
    return data[:whole] + int(bits, 2).to_bytes(len(bits) // 8, "big")
