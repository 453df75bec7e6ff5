"""What is done to the picture of a PNG."""

from image.document import Limits
from image.picture import Coding, Colour, Picture
from image.plan.step import COLOUR_BYTES, CONVERTED_BYTES, Copy, Encode, PagePlan, Proof, encode, placed, target_of
from image.probe.png import PngPage
from image.recipe import Recipe


def plan_png(page: PngPage, limits: Limits, recipe: Recipe) -> PagePlan:
    """The plan of a picture. Raises ``ScanError`` (too-large)."""
    step = _step(page, limits, recipe)
    return placed(page.width_px, page.height_px, (page.dpi_x, page.dpi_y), page.orientation, step)


def _step(page: PngPage, limits: Limits, recipe: Recipe) -> Copy | Encode:
    is_palette = bool(page.palette)
    is_deep = page.bits > 8  # noqa: PLR2004 -- deeper is scaled to 8
    if page.is_interlaced or page.has_transparency or is_deep:
        per_pixel = CONVERTED_BYTES if page.has_transparency or is_deep else COLOUR_BYTES
        target = target_of(page.bits * page.channels, recipe, is_palette=is_palette)
        return encode(page.width_px, page.height_px, target, per_pixel, limits, profile=page.profile)
    colour = Colour.INDEXED if is_palette else Colour.RGB if page.channels > 1 else Colour.GREY
    picture = Picture(page.width_px, page.height_px, page.bits, colour, Coding.FLATE_PNG, palette=page.palette)
    rows_bytes = page.height_px * (1 + page.row_bytes)
    proof = Proof.DATA_INFLATES
    return Copy(picture, page.data, "rewrapped", proof, inflated_bytes=rows_bytes, profile=page.profile)
