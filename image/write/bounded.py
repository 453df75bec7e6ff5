"""A file being written that may not grow past the limit, for a library that hides why a write failed."""

from typing import BinaryIO

from image.document import Limits, Written
from image.errors import ScanError
from image.limit import check_output


class BoundedFile:
    """Writes to ``file`` up to ``limits.output_bytes``, and never raises: the caller looks at ``failure`` afterwards.

    An error raised into qpdf's writer comes up again in a destructor and aborts the process (measured with pikepdf
    10.18 and a full disk, 2026-11-23), so after the first error everything more is thrown away instead.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._size_bytes = 0
        self.failure: OSError | ScanError | None = None

    def write(self, data: bytes) -> int:
        """Takes all of ``data``."""
        if self.failure is None:
            try:
                self._size_bytes += len(data)
                check_output(self._size_bytes, self._limits)
                self._file.write(data)
            except (OSError, ScanError) as error:
                self.failure = error
        return len(data)

    def written(self) -> Written:
        """What has been written so far; raises ``failure`` when there is one."""
        if self.failure is not None:
            raise self.failure
        return Written(self._size_bytes)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Not promised: the library only asks whether this is there."""
        raise NotImplementedError

    def tell(self) -> int:
        """How much has come."""
        return self._size_bytes

    def flush(self) -> None:
        """The file flushes when it is closed."""

    @staticmethod
    def seekable() -> bool:
        """It is only written forwards."""
        return False

    @staticmethod
    def readable() -> bool:
        """It is only written."""
        return False

    @staticmethod
    def writable() -> bool:
        """It is written."""
        return True
