"""Opens PDFs so that none takes more than its share, and turns every way they fail into one refusal."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Pdf, settings

from image.errors import ScanError, ScanFault

DECODED_BYTES = 20_000_000
"""What qpdf may unpack at once: object streams, tables and drawing instructions. Page images stay packed."""

_FAILURES = (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, RuntimeError)


@contextlib.contextmanager
def opened(source: Path, *, is_for_pages: bool = True) -> Iterator[Pdf]:
    """The PDF at ``source``, opened without a password; repaired by qpdf when it is damaged (see its warnings).

    Without ``is_for_pages`` its pages are not to be looked at: qpdf then makes no object of each.

    Raises ``ScanError``: encrypted when a password is needed; damaged when it cannot be read, and for whatever
    pikepdf raises inside the block. ``OSError`` comes through.
    """
    before: dict[str, Any] = settings.set_qpdf_limits(
        flate_max_memory=DECODED_BYTES, run_length_max_memory=DECODED_BYTES
    )
    try:
        # stream: memory-mapping a scan of some hundred megabytes would meet the worker's address-space limit.
        way = pikepdf.AccessMode.stream
        with Pdf.open(source, access_mode=way, inherit_page_attributes=is_for_pages) as pdf:
            yield pdf
    except pikepdf.PasswordError as error:
        raise _encrypted() from error
    except _FAILURES as error:
        if "encrypt" in str(error).lower() or "security handler" in str(error).lower():
            raise _encrypted() from error
        raise damaged_pdf() from error
    finally:
        settings.set_qpdf_limits(**before)


def damaged_pdf() -> ScanError:
    """The refusal of a PDF that cannot be read or repaired without loss."""
    return ScanError(
        ScanFault.DAMAGED, "The PDF from the scanner is damaged or cut off and cannot be repaired. Please scan again."
    )


def _encrypted() -> ScanError:
    return ScanError(
        ScanFault.ENCRYPTED,
        "The PDF from the scanner is protected by a password. Please switch it off in the scanner's settings.",
    )
