"""What ``convert`` says of a finished document."""

from pathlib import Path

from gateway.operate.converted import lines, outputs
from image.document import Document, Page


def test_pages_that_were_looked_at_quickly_are_told():
    """Who converts a long scan reads from which page on pictures were not decoded; of a short one nothing is said."""
    pages = tuple(Page(595, 842, "passed", is_quick=number > 2) for number in range(1, 5))
    document = Document(Path("a.pdf"), pages, 1000)
    said = lines(document, outputs(document, Path("out.pdf")), ())
    assert said == [
        "out.pdf: 4 pages, 1000 bytes",
        "note: The pictures of pages 3 and 4 were looked at by their ends alone, because there are so many.",
    ]
    short = Document(Path("a.pdf"), pages[:2], 1000)
    assert lines(short, outputs(short, Path("out.pdf")), ()) == ["out.pdf: 2 pages, 1000 bytes"]
