"""The steps a page can be made by: its bytes passed, put in another wrapper, or decoded and encoded anew."""

from dataclasses import dataclass
from enum import StrEnum

from image.document import Limits
from image.limit import check_decoded
from image.paper import page_size
from image.picture import Picture
from image.probe.icc import ProfileSource
from image.probe.tiff import TiffPage
from image.reader import Span
from image.recipe import Recipe


class Proof(StrEnum):
    """What must be proved about bytes that are passed before they are believed."""

    NOTHING = "nothing"
    FAX_HAS_END = "fax-has-end"
    FAX_DECODES = "fax-decodes"
    JPEG_IS_COMPLETE = "jpeg-is-complete"
    DATA_INFLATES = "data-inflates"


class Target(StrEnum):
    """How a decoded page is encoded."""

    G4 = "g4"
    JPEG = "jpeg"
    FLATE = "flate"


@dataclass(frozen=True, slots=True)
class Copy:
    """The image's data is in the file already: ``parts`` one behind the other, literal bytes and runs of the file.

    ``is_bit_reversed``: the bits of each byte are to be turned round. ``action`` is ``passed`` or ``rewrapped``.
    ``inflated_bytes`` is what ``Proof.DATA_INFLATES`` expects. ``profile`` is where the colours are explained.
    ``otherwise`` is what is done when the proof fails; without it the page is damaged.
    """

    picture: Picture
    parts: tuple[bytes | Span, ...]
    action: str
    proof: Proof = Proof.NOTHING
    is_bit_reversed: bool = False
    inflated_bytes: int = 0
    profile: ProfileSource | None = None
    otherwise: "Encode | None" = None


@dataclass(frozen=True, slots=True)
class Encode:
    """The page is decoded (a page of a ``tiff``; ``span`` of a file of JPEGs) and encoded as ``target``.

    ``width_px`` and ``height_px`` are what the decoder must deliver; it turns nothing. ``profile`` is where the
    source's colours are explained.
    """

    target: Target
    width_px: int
    height_px: int
    frame: int = 0
    span: Span | None = None
    profile: ProfileSource | None = None
    tiff: TiffPage | None = None


@dataclass(frozen=True, slots=True)
class PagePlan:
    """One page: its size as shown, EXIF's orientation (1 to 8) still to be undone by the page, and the step."""

    width_pt: float
    height_pt: float
    orientation: int
    step: Copy | Encode


BIT_BYTES, GREY_BYTES, DEEP_BYTES, COLOUR_BYTES, CONVERTED_BYTES = 2, 1, 7, 4, 8
"""Memory a pixel takes in Pillow: bilevel and grey one byte, colour four; where a copy is made, both."""

ADOBE_SEGMENT = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
"""APP14 (T.872 6.5.3) without its last byte, the colour transform: how a JPEG says RGB or YCbCr to every reader."""


def placed(
    width_px: int,
    height_px: int,
    dpi: tuple[float | None, float | None],
    orientation: int,
    step: Copy | Encode,
) -> PagePlan:
    """The page of a picture."""
    dpi_x, dpi_y = dpi
    if orientation >= 5:  # noqa: PLR2004 -- TIFF 6.0 page 36: 5 to 8 have rows standing upright
        width_px, height_px, dpi_x, dpi_y = height_px, width_px, dpi_y, dpi_x
    width_pt, height_pt = page_size(width_px, height_px, dpi_x, dpi_y)
    return PagePlan(width_pt, height_pt, orientation, step)


def target_of(bits: int, recipe: Recipe, *, is_palette: bool) -> Target:
    """``bits`` a pixel. A drawing of a few colours stays exact: JPEG would blur it and save nothing."""
    if bits == 1 and not is_palette:
        return Target.G4
    if recipe.colour == "lossless" or is_palette:
        return Target.FLATE
    return Target.JPEG


def encode(
    width_px: int,
    height_px: int,
    target: Target,
    pixel_bytes: int,
    limits: Limits,
    span: Span | None = None,
    profile: ProfileSource | None = None,
) -> Encode:
    """The step that decodes a picture of this size. Raises ``ScanError`` (too-large) when it takes too much memory."""
    check_decoded(width_px * height_px * pixel_bytes, limits)
    return Encode(target, width_px, height_px, span=span, profile=profile)
