"""Keeps some of the pages of a finished PDF, in its own place: copying pages to another takes them through memory."""

from collections.abc import Sequence

from pikepdf import Array, Object, Pdf


def keep_pages(pdf: Pdf, pages: Sequence[Object]) -> None:
    """Makes ``pages``, some of its own, the pages of ``pdf``; its list of pages must not be asked for afterwards."""
    root = pdf.Root.Pages
    root.Kids = Array(pages)
    root.Count = len(pages)
    for page in pages:
        page.Parent = root
