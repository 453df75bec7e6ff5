"""The settings of a scan in the terms of the package that makes it."""

from conf.model import Pdf
from image.document import Limits
from image.make import Order
from image.recipe import Check, Recipe, Signed


def order_of(pdf: Pdf, title: str, *, is_limited: bool = True) -> Order:
    """Return what is asked of a scan called ``title``; whether it has to fit a mail is ``is_limited``."""
    return Order(
        recipe=Recipe(
            colour=pdf.colour,
            jpeg_quality=pdf.jpeg_quality,
            is_archive=pdf.archive,
            title=title,
            is_metadata_kept=pdf.metadata == "keep",
            signed=Signed(pdf.signed),
            check=Check(pdf.check),
            drops_blanks=pdf.drop_blank,
        ),
        limits=Limits(pages=pdf.pages),
        memory_bytes=pdf.memory,
        timeout_s=pdf.timeout,
    )
