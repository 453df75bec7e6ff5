"""Saves a PDF without unpacking or packing a single stream."""

from pathlib import Path
from typing import BinaryIO, cast

import pikepdf
from pikepdf import Pdf

from image.document import Limits, Written
from image.pdf.opening import damaged_pdf
from image.write.bounded import BoundedFile

VERSION = "1.7"


def save(pdf: Pdf, out: Path, limits: Limits) -> Written:
    """Writes ``pdf`` to ``out``: the same bytes every time, in the syntax PDF/A asks for (ISO 19005-2 6.1).

    Raises ``ScanError``: too-large; damaged when qpdf meets what it cannot write. ``OSError`` comes through.
    """
    # qpdf corrects a trailer's size but does not add a missing one.
    pdf.trailer["/Size"] = 1
    with out.open("wb") as file:
        bounded = BoundedFile(file, limits)
        try:
            pdf.save(
                cast("BinaryIO", bounded),
                # An end of line before endstream, and a header with bytes above 127.
                preserve_pdfa=True,
                force_version=VERSION,
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
                encryption=False,
                deterministic_id=True,
                fix_metadata_version=False,
            )
        except (pikepdf.PikepdfError, ValueError, TypeError, RuntimeError) as error:
            raise bounded.failure or damaged_pdf() from error
        return bounded.written()
