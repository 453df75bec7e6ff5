"""What is done to each page: its bytes passed, put in another wrapper, or decoded and encoded anew."""

from typing import assert_never

from image.document import Limits
from image.plan.jp2 import plan_jp2
from image.plan.jpeg import plan_jpeg
from image.plan.png import plan_png
from image.plan.step import BIT_BYTES, COLOUR_BYTES, CONVERTED_BYTES, PagePlan, encode, placed, target_of
from image.plan.tiff import plan_tiff
from image.probe.bmp import BmpPage
from image.probe.gif import GifPage
from image.probe.jp2 import Jp2Page
from image.probe.jpeg import JpegPage
from image.probe.png import PngPage
from image.probe.tiff import TiffPage
from image.recipe import Recipe

PageFacts = TiffPage | JpegPage | PngPage | BmpPage | Jp2Page | GifPage


def plan_page(page: PageFacts, limits: Limits, recipe: Recipe) -> PagePlan:
    """The plan of one page. Raises ``ScanError``: unsupported, too-large, damaged."""
    match page:
        case TiffPage():
            return plan_tiff(page, limits, recipe)
        case JpegPage():
            return plan_jpeg(page, limits, recipe)
        case PngPage():
            return plan_png(page, limits, recipe)
        case Jp2Page():
            return plan_jp2(page, limits, recipe)
        case GifPage():
            return _plan_gif(page, limits, recipe)
        case BmpPage():
            return _plan_bmp(page, limits, recipe)
        case _:
            assert_never(page)


def _plan_bmp(page: BmpPage, limits: Limits, recipe: Recipe) -> PagePlan:
    is_palette = page.bits <= 8 and not page.is_bilevel  # noqa: PLR2004 -- MS-WMF: deeper bitmaps have no palette
    target = target_of(page.bits, recipe, is_palette=is_palette)
    per_pixel = BIT_BYTES if page.is_bilevel else CONVERTED_BYTES if page.bits == 32 else COLOUR_BYTES  # noqa: PLR2004 -- 8 bits may be dropped
    step = encode(page.width_px, page.height_px, target, per_pixel, limits)
    return placed(page.width_px, page.height_px, (page.dpi_x, page.dpi_y), 1, step)


def _plan_gif(page: GifPage, limits: Limits, recipe: Recipe) -> PagePlan:
    is_bilevel = page.is_bilevel and not page.has_transparency
    target = target_of(1 if is_bilevel else 8, recipe, is_palette=not is_bilevel)
    step = encode(page.width_px, page.height_px, target, CONVERTED_BYTES, limits)
    return placed(page.width_px, page.height_px, (None, None), 1, step)
