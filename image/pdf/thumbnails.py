"""The first pages of a finished PDF, small: of those that show one picture and nothing else to be seen."""

from collections.abc import Sequence
from pathlib import Path

from pikepdf import Object, Pdf

from image.document import Thumbnail
from image.fit.framing import frame
from image.fit.thumbnail import thumbnail
from image.pdf.drawing import drawing
from image.pdf.opening import opened
from image.pdf.pictures import drawing_of, picture_of
from image.pdf.shown import box_of, turn_of, unit_of


def thumbnails(path: Path, numbers: Sequence[int]) -> tuple[Thumbnail, ...]:
    """The pages ``numbers`` (from 1) of the finished PDF at ``path``, each that can be shown small.

    A page that draws text, lines, or several images would have to be rendered, which nothing here can; recognised text
    that nobody sees is no hindrance. Raises ``ScanError`` when it is no PDF; ``OSError`` comes through.
    """
    with opened(path) as pdf:
        found = [_thumbnail(pdf, number) for number in numbers if number <= len(pdf.pages)]
    return tuple(one for one in found if one is not None)


def _thumbnail(pdf: Pdf, number: int) -> Thumbnail | None:
    page = pdf.pages[number - 1].obj
    drawn = drawing(page)
    if drawn is None or drawn.has_marks or len(drawn.images) != 1:
        return None
    (shown,) = drawn.images
    picture = picture_of(shown.image) or drawing_of(shown.image)
    box = _box(page)
    placed = None if box is None else frame(shown.matrix, box, turn_of(page) or 0)
    if picture is None or placed is None:
        return None
    return thumbnail(number, picture, shown.image.read_raw_bytes(), placed)


def _box(page: Object) -> tuple[float, float, float, float] | None:
    """The box that is shown, in units of the matrix of ``Shown``."""
    box = box_of(page, "/CropBox") or box_of(page, "/MediaBox")
    if box is None:
        return None
    unit = unit_of(page) or 1.0
    left, bottom, right, top = (side * unit for side in box)
    return left, bottom, right, top
