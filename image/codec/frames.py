"""Decodes one page at a time: with its neighbours, the only one that knows Pillow."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, assert_never

from PIL import Image, UnidentifiedImageError

from image.codec.complaints import FLAW, overheard
from image.codec.encoder import Encoded, encoded, encoded_bands
from image.codec.tiff import Doubts, tiff_bands, tiff_picture
from image.errors import ScanError, ScanFault, is_local
from image.plan.step import Encode, Target
from image.probe.tiff import OLD_JPEG, TiffPage
from image.reader import reader_of
from image.recipe import Recipe
from image.sniff import Kind

# The probes have checked every size against the limits before a page comes here, and decode() holds them to it.
Image.MAX_IMAGE_PIXELS = None

# Pillow keeps so many blocks of 16 MB for the next page: a colour page of A4 at 300 dpi takes three, and to have the
# system hand them out anew costs a sixth of the time that its decoding takes.
Image.core.set_blocks_max(3)  # type: ignore[attr-defined]

_FORMATS = {
    Kind.TIFF: "TIFF",
    Kind.JPEG: "JPEG",
    Kind.PNG: "PNG",
    Kind.BMP: "BMP",
    Kind.GIF: "GIF",
    Kind.JP2: "JPEG2000",
}
_WHITE_ROWS = 256
_LARGE_PX = 1_000_000
"""Smaller ones are decoded as a whole, in 4 MB at most."""

_TURNED_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a picture shown upright lies in the file, by EXIF's orientation."""

_DEEP_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I"})


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
            banded = self._banded(step, recipe)
            if banded is not None:
                return banded
            doubts = Doubts()
            with overheard() as complaints:
                image = self._decode(step, doubts)
            flaw = FLAW if doubts.is_damaged else complaints.flaw
            if flaw and _is_empty(image):
                # Nothing of the page could be read: an empty one is no page "damaged in places".
                raise _damaged(self._kind)
            return replace(encoded(_plain(image, step), step.target, recipe), flaw=flaw)
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

    def _banded(self, step: Encode, recipe: Recipe) -> Encoded | None:
        """A large picture that can be read some rows at a time, encoded so; None for all others."""
        page = step.tiff
        is_large = step.width_px * step.height_px > _LARGE_PX
        if page is None or not is_large or not page.is_sliceable or page.is_tiled or step.target is not Target.JPEG:
            return None

        def bands() -> Iterator[Image.Image]:
            with self._path.open("rb") as file:
                yield from tiff_bands(reader_of(file), page)

        return encoded_bands(bands, step.width_px, step.height_px, recipe)

    def _decode(self, step: Encode, doubts: Doubts) -> Image.Image:
        """The picture as a new image of its own, fully loaded, as it lies in the file."""
        image: Image.Image
        if step.tiff is not None and step.tiff.compression != OLD_JPEG:
            with self._path.open("rb") as file:
                image = tiff_picture(reader_of(file), step.tiff, doubts)
        elif step.span is not None:
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
            if step.tiff is not None:
                image = _as_stored(image, step.tiff)
        if image.size != (step.width_px, step.height_px):
            raise _damaged(self._kind)
        if self._kind is Kind.BMP and image.mode == "RGBA":
            # Programs leave the fourth byte at zero, and Windows does not look at it: it is not opacity.
            return image.convert("RGB")
        return image


def _as_stored(image: Image.Image, page: TiffPage) -> Image.Image:
    """Undoes what Pillow did for the Orientation of a TIFF that it opened itself: the page will do it."""
    turn = _TURNED_BACK.get(page.orientation)
    return image if turn is None else image.transpose(turn)


def _plain(image: Image.Image, step: Encode) -> Image.Image:
    """The picture as bilevel, grey, palette or RGB of eight bits, on white where it was transparent."""
    if image.mode in _DEEP_MODES:
        # High bytes only: scaled, not clipped.
        image = image.convert("I").point([value >> 8 for value in range(65536)], "L")
    elif "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "RGBa", "La"}:
        image = _on_white(image)
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


def _is_empty(image: Image.Image) -> bool:
    """Whether all pixels are the same."""
    extrema: Any = image.getextrema()
    return all(least == most for least, most in (extrema if isinstance(extrema[0], tuple) else (extrema,)))


def _damaged(kind: Kind) -> ScanError:
    return ScanError(
        ScanFault.DAMAGED, f"The {kind.upper()} from the scanner is damaged: a page cannot be read. Please scan again."
    )
