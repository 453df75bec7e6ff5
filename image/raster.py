"""Decodes one page at a time and encodes it for a PDF: the only module that knows Pillow."""

import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, assert_never

from PIL import Image, ImageCms, UnidentifiedImageError

from image.document import Limits
from image.errors import ScanError, ScanFault, is_local
from image.picture import Coding, Colour, Picture
from image.probe_tiff import probe_tiff
from image.reader import Span, reader_of
from image.recipe import Recipe
from image.sniff import Kind
from image.step import Encode, Target

# The probes have checked every size against the limits before a page comes here, and decode() holds them to it.
Image.MAX_IMAGE_PIXELS = None

BAND_ROWS = 256
"""Rows compressed at a time: a band of an A4 page at 600 dpi takes 4 MB."""

_FORMATS = {
    Kind.TIFF: "TIFF",
    Kind.JPEG: "JPEG",
    Kind.PNG: "PNG",
    Kind.BMP: "BMP",
    Kind.GIF: "GIF",
    Kind.JP2: "JPEG2000",
}
_WHITE_ROWS = 256
_DEEP_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})


@dataclass(frozen=True, slots=True)
class Encoded:
    """One encoded image: its facts and its bytes, in pieces, to be read once."""

    picture: Picture
    data: Iterator[bytes]


class Frames:
    """The pictures of one image file, decoded one by one; a context manager."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self._path = path
        self._kind = kind
        self._image: Image.Image | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._image is not None:
            self._image.close()

    def encode(self, step: Encode, recipe: Recipe) -> Encoded:
        """Decodes what ``step`` names and encodes it as it says.

        Raises ``ScanError``: unsupported when the decoder does not know this kind, damaged when it cannot go on.
        """
        try:
            image = self._decode(step)
            return _encode(_plain(image, step), step.target, recipe)
        except UnidentifiedImageError as error:
            raise ScanError(
                ScanFault.UNSUPPORTED,
                f"The scanner wrote a kind of {self._kind.upper()} that cannot be read. "
                "Please set the scanner to PDF or standard JPEG.",
            ) from error
        except (ValueError, TypeError, SyntaxError, EOFError, KeyError, IndexError, AttributeError) as error:
            raise _damaged(self._kind) from error
        except OSError as error:
            if is_local(error):
                raise
            raise _damaged(self._kind) from error

    def _decode(self, step: Encode) -> Image.Image:
        """The picture as a new image of its own, fully loaded."""
        image: Image.Image
        if step.span is not None:
            with self._path.open("rb") as file:
                file.seek(step.span.offset)
                image = Image.open(io.BytesIO(file.read(step.span.size_bytes)), formats=(_FORMATS[self._kind],))
            image.load()
        else:
            if self._image is None:
                self._image = Image.open(self._path, formats=(_FORMATS[self._kind],))
            image = self._image
            image.seek(step.frame)
            # Before load() a TIFF still tells its size as the file has it, after it as shown.
            if sorted(image.size) != sorted((step.width_px, step.height_px)):
                raise _damaged(self._kind)
            image.load()
        if image.size != (step.width_px, step.height_px):
            raise _damaged(self._kind)
        if self._kind is Kind.BMP and image.mode == "RGBA":
            # Programs leave the fourth byte at zero, and Windows does not look at it: it is not opacity.
            return image.convert("RGB")
        return image


def is_complete_jpeg(data: bytes) -> bool:
    """Whether the picture data of a sequential JPEG that lacks its EOI is all there.

    Bytes behind a complete picture are skipped by every decoder; behind an incomplete one they are taken for its
    missing rest. So the picture is complete when it comes out the same whatever bits stand behind it.
    """
    # A last FF would make a marker of what is put behind it, and picture data never ends in one.
    data = data.rstrip(b"\xff")
    restarts = re.findall(rb"\xff([\xd0-\xd7])", data)
    following = restarts[-1][0] - 0xD0 + 1 if restarts else 0
    digests: set[bytes] = set()
    for behind in (b"", b"\xaa", b"\x55", b"\xfe"):
        # Where a restart is due, decoders read on only behind its marker, the right one of eight.
        rest = b"".join(behind * 1024 + bytes([0xFF, 0xD0 + (following + step) % 8]) for step in range(16))
        try:
            image = Image.open(io.BytesIO(data + rest + behind * 1024 + b"\xff\xd9"), formats=("JPEG",))
            digests.add(hashlib.sha256(image.tobytes()).digest())
        except (OSError, ValueError, SyntaxError):
            return False
    return len(digests) == 1


def _plain(image: Image.Image, step: Encode) -> Image.Image:
    """The picture as bilevel, grey, palette or RGB of eight bits, on white where it was transparent."""
    if image.mode in _DEEP_MODES:
        # High bytes only: scaled, not clipped.
        deep = image.convert("I")
        table = [value >> 8 for value in range(65536)]
        image = deep.point(table[::-1] if step.is_white_zero else table, "L")
    elif "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "RGBa", "La"}:
        image = _on_white(image)
    elif image.mode == "LAB":
        transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
        image = ImageCms.applyTransform(image, transform) or image
    match step.target:
        case Target.G4:
            return image if image.mode == "1" else image.convert("L").convert("1", dither=Image.Dither.NONE)
        case Target.JPEG:
            return image if image.mode in {"L", "RGB"} else image.convert("L" if image.mode == "1" else "RGB")
        case Target.FLATE:
            return image if image.mode in {"L", "RGB", "P"} else image.convert("L" if image.mode == "1" else "RGB")
        case _:
            assert_never(step.target)


def _on_white(image: Image.Image) -> Image.Image:
    """The picture laid on white, band by band: with its opacity it would take half as much again."""
    target, opaque = ("L", "LA") if image.mode in {"LA", "La"} else ("RGB", "RGBA")
    page = Image.new(target, image.size, "white")
    for top in range(0, image.height, _WHITE_ROWS):
        box = (0, top, image.width, min(top + _WHITE_ROWS, image.height))
        band = image.crop(box).convert(opaque)
        page.paste(band.convert(target), box, band.getchannel("A"))
    return page


def _encode(image: Image.Image, target: Target, recipe: Recipe) -> Encoded:
    match target:
        case Target.G4:
            return _g4(image)
        case Target.JPEG:
            colour = Colour.GREY if image.mode == "L" else Colour.RGB
            data = io.BytesIO()
            # Everything is stated: Pillow would inherit tables, profile and EXIF from the source.
            image.save(data, "JPEG", quality=recipe.jpeg_quality, exif=b"", icc_profile=None, comment=b"")
            picture = Picture(image.width, image.height, 8, colour, Coding.DCT)
            return Encoded(picture, iter((data.getvalue(),)))
        case Target.FLATE:
            palette = image.getpalette("RGB") if image.mode == "P" else None
            colour = Colour.INDEXED if palette else Colour.GREY if image.mode == "L" else Colour.RGB
            picture = Picture(image.width, image.height, 8, colour, Coding.FLATE, palette=bytes(palette or ()))
            return Encoded(picture, _flate(image))
        case _:
            assert_never(target)


def _g4(image: Image.Image) -> Encoded:
    file = io.BytesIO()
    # A copy, because Pillow writes every tag of the TIFF an image came from into the new one: its fill order turned
    # the bits round, its fax options did not fit.
    image.copy().save(file, "TIFF", compression="group4", strip_size=1 << 30, icc_profile=None)
    reader = reader_of(file)
    (page,) = probe_tiff(reader, Limits(pixels=image.width * image.height)).pages
    assert page.strip is not None, "a page is encoded as one strip"
    assert page.fill_order == 1, "bits are written as PDF reads them"
    picture = Picture(
        image.width, image.height, 1, Colour.GREY, Coding.G4_BLACK_IS_1 if page.photometric else Coding.G4
    )
    return Encoded(picture, reader.chunks(Span(page.strip.offset, page.strip.size_bytes)))


def _flate(image: Image.Image) -> Iterator[bytes]:
    # Level 6 is zlib's balance: level 9 takes three times as long for 2 % on scans.
    packer = zlib.compressobj(6)
    for top in range(0, image.height, BAND_ROWS):
        band = image.crop((0, top, image.width, min(top + BAND_ROWS, image.height)))
        yield packer.compress(band.tobytes())
    yield packer.flush()


def _damaged(kind: Kind) -> ScanError:
    return ScanError(
        ScanFault.DAMAGED, f"The {kind.upper()} from the scanner is damaged: a page cannot be read. Please scan again."
    )
