"""The settings of a scan in the terms of the package that makes it."""

from collections.abc import Sequence
from typing import Final

from conf.model import Pdf
from conf.pdf import rung
from gateway.normalise.compose import largest_pdf_bytes
from image.document import Limits
from image.fit.budget import Budget, Fit, Step
from image.make import Order
from image.ocr.reading import Reading
from image.recipe import Check, Recipe, Signed

_HEAD_BYTES: Final = 16_384
"""Of a mail, for its headers and its text without recipients; what then is too large is told when it is written.

Thumbnails have none: a mail that has no room for them goes without, so that no page is made worse for them."""

_FOLD_BYTES: Final = 4
"""Around each recipient in a header: a comma, a line end and a space."""


def order_of(
    pdf: Pdf, title: str, recipients: Sequence[str] = (), *, is_limited: bool = True, beside_bytes: int = 0
) -> Order:
    """Return what is asked of a scan called ``title``; with ``is_limited`` it has to fit a mail to ``recipients``.

    ``beside_bytes``: so much of the mail is something else.
    """
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
        reading=reading_of(pdf),
        budget=_budget(pdf, recipients, beside_bytes) if is_limited else None,
    )


def reading_of(pdf: Pdf) -> Reading:
    """Return what is asked of OCRmyPDF and Tesseract."""
    return Reading(pdf.ocr, pdf.rotate, pdf.deskew, pdf.languages, pdf.ocr_timeout)


def _budget(pdf: Pdf, recipients: Sequence[str], beside_bytes: int) -> Budget:
    head_bytes = _HEAD_BYTES + beside_bytes + sum(len(recipient) + _FOLD_BYTES for recipient in recipients)
    return Budget(
        largest_pdf_bytes(pdf.mail_limit, head_bytes),
        tuple(Fit(way) for way in dict.fromkeys(pdf.over_limit)),
        colour=_steps(pdf.reduce_colour),
        grey=_steps(pdf.reduce_grey),
        bilevel=_steps(pdf.reduce_bilevel),
        max_parts=pdf.mails,
    )


def _steps(rungs: tuple[str, ...]) -> tuple[Step, ...]:
    return tuple(Step(*rung(one)) for one in rungs)
