"""Opens PDFs so that none takes more than its share, and turns every way they fail into one refusal."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pikepdf
from pikepdf import Pdf, settings

from image.errors import ScanError, ScanFault

DECODED_BYTES = 20_000_000
"""What qpdf may unpack at once: object streams, tables and drawing instructions. Page images stay packed."""

_LOOKED_AT_BYTES = 1000
"""qpdf looks for the end of a PDF in a little more than its last kilobyte (ISO 32000-1 annex H.3 note 18)."""

_PADDING_BYTES = 1_000_000
_END = b"%%EOF"
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
        with source.open("rb") as file:
            end = _end_before_padding(file)
            given = source if end is None else cast("BinaryIO", _Front(file, end))
            way = pikepdf.AccessMode.stream
            with Pdf.open(given, access_mode=way, inherit_page_attributes=is_for_pages) as pdf:
                yield pdf
    except pikepdf.PasswordError as error:
        raise _encrypted() from error
    except _FAILURES as error:
        if "encrypt" in str(error).lower() or "security handler" in str(error).lower():
            raise _encrypted() from error
        raise damaged_pdf() from error
    finally:
        settings.set_qpdf_limits(**before)


class _Front:
    """The first bytes of a file, up to ``end``, to be read by qpdf."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file = file
        self._end = end

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes on from another place."""
        return self._file.seek(self._end + offset) if whence == io.SEEK_END else self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, or all that are left."""
        left = max(0, self._end - self._file.tell())
        return self._file.read(left if size < 0 else min(size, left))

    def readinto(self, buffer: bytearray) -> int:
        """Fills ``buffer`` as far as there are bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _end_before_padding(file: BinaryIO) -> int | None:
    """Where a PDF ends behind which a scanner filled its file up with zeros; None when it has no such filling.

    qpdf would not see its end, and take it for damaged.
    """
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(max(0, size_bytes - _LOOKED_AT_BYTES))
    if file.read().strip(b"\x00"):
        return None
    start = file.seek(max(0, size_bytes - _PADDING_BYTES))
    tail = file.read().rstrip(b"\x00")
    return start + len(tail) if tail.rstrip(b"\r\n ").endswith(_END) else None


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
