"""Straightens pages by their matrix, so that no image is touched, and takes pages out of a PDF for OCRmyPDF."""

import math
from collections.abc import Mapping
from pathlib import Path

import pikepdf
from pikepdf import Job, Page, Pdf


def excerpt(source: Path, first: int, last: int, out: Path) -> None:
    """Writes pages ``first`` to ``last`` (from 1) of ``source``, a PDF made here, to ``out``.

    qpdf copies from file to file; pages copied by pikepdf would pass through memory.
    """
    Job(["qpdf", str(source), str(out), "--pages", ".", f"{first}-{last}", "--", "--stream-data=preserve"]).run()


def straightened(source: Path, angles: Mapping[int, float], turns: Mapping[int, int], out: Path) -> dict[int, float]:
    """Writes ``source`` to ``out`` with these pages (from 1) straightened by ``angles`` and turned by ``turns``.

    Degrees, anticlockwise and clockwise. Returns the angles of the pages that could be straightened.
    """
    with Pdf.open(source, access_mode=pikepdf.AccessMode.stream) as pdf:
        done = {number: angle for number, angle in angles.items() if straighten(pdf.pages[number - 1], angle)}
        for number, degrees in turns.items():
            pdf.pages[number - 1].rotate(degrees, relative=True)
        pdf.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return done


def straighten(page: Page, angle: float) -> bool:
    """Turns what ``page`` shows by ``angle`` degrees anticlockwise about its middle; its images stay as they are.

    False, and nothing is done, when its instructions end in another state than they began with.
    """
    if not _is_balanced(page):
        return False
    left, bottom, right, top = (float(side) for side in page.cropbox)
    x, y = (left + right) / 2, (bottom + top) / 2
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = (cos, sin, -sin, cos, x - x * cos + y * sin, y - x * sin - y * cos)
    page.contents_add(f"q {numbers(matrix)} cm\n".encode(), prepend=True)
    page.contents_add(b"\nQ\n")
    return True


def numbers(values: tuple[float, ...]) -> str:
    """Numbers as a PDF has them; six digits behind the point move no corner of a page by a thousandth of a point."""
    return " ".join(_number(value) for value in values)


def _number(value: float) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _is_balanced(page: Page) -> bool:
    """Whether the page's instructions save and restore the graphics state in pairs."""
    depth = 0
    for instruction in pikepdf.parse_content_stream(page, "q Q"):
        depth += 1 if str(instruction.operator) == "q" else -1
        if depth < 0:
            return False
    return depth == 0
