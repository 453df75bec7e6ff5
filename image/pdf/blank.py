"""The blank pages of a finished PDF, found and left out."""

from collections.abc import Sequence
from pathlib import Path

from pikepdf import Object

from image.document import Limits, Written
from image.fit.blank import DPI, is_blank
from image.fit.ink import ink_of
from image.fit.picture_decoder import is_readable
from image.pdf.drawing import drawing
from image.pdf.kept import keep_pages
from image.pdf.opening import opened
from image.pdf.pictures import drawing_of, picture_of
from image.pdf.saving import save

_MOST_IN = 50.0
"""An image shown larger than this, in inches, is no page that somebody put on a scanner."""


def blank_pages(path: Path, limits: Limits) -> tuple[int, ...]:
    """The blank pages (indexes from 0) of the finished PDF at ``path``.

    Such a page draws nothing, or one image and nothing else, with no mark on it. A page whose image cannot be read
    exactly, or not within ``limits``, is not blank.
    """
    with opened(path) as pdf:
        return tuple(index for index, page in enumerate(pdf.pages) if _is_blank(page.obj, limits))


def leave_out(path: Path, out: Path, dropped: Sequence[int], limits: Limits) -> Written:
    """Writes ``path`` to ``out`` without the pages ``dropped`` (indexes from 0). ``OSError`` comes through."""
    with opened(path) as pdf:
        keep_pages(pdf, [page.obj for index, page in enumerate(pdf.pages) if index not in dropped])
        return save(pdf, out, limits)


def _is_blank(page: Object, limits: Limits) -> bool:
    drawn = drawing(page)
    if drawn is None or drawn.has_more or len(drawn.images) > 1:
        return False
    if not drawn.images:
        return True
    (shown,) = drawn.images
    picture = picture_of(shown.image) or drawing_of(shown.image)
    if picture is None or max(shown.width_in, shown.height_in) > _MOST_IN:
        return False
    size = (round(shown.width_in * DPI), round(shown.height_in * DPI))
    data = shown.image.read_raw_bytes()
    if min(size) < DPI or not is_readable(picture, data, size, limits):
        return False
    ink = ink_of(picture, data, size)
    return ink is not None and is_blank(ink)
