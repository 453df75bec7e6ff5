"""What one scan may cost, checked against what a file announces, before anything is allocated."""

from image.document import Limits
from image.errors import ScanError, ScanFault


def check_pixels(width_px: int, height_px: int, limits: Limits) -> None:
    """Raises ``ScanError`` (too-large) when a picture announces more pixels than ``limits`` allow."""
    if width_px * height_px > limits.pixels:
        raise ScanError(
            ScanFault.TOO_LARGE,
            f"A page of {width_px} by {height_px} pixels is larger than this scanner gateway accepts. "
            "Please scan at a lower resolution.",
        )


def check_decoded(size_bytes: int, limits: Limits) -> None:
    """Raises ``ScanError`` (too-large) when a decoded page would take more memory than ``limits`` allow."""
    if size_bytes > limits.decoded_bytes:
        raise ScanError(
            ScanFault.TOO_LARGE,
            f"A page needs {size_bytes // 1_000_000} MB to be read, "
            f"{limits.decoded_bytes // 1_000_000} MB are allowed. "
            "Please scan at a lower resolution, or in grey or black and white.",
        )


def check_page_count(pages: int, limits: Limits) -> None:
    """Raises ``ScanError`` (too-many-pages) when a scan has more pages than ``limits`` allow."""
    if pages > limits.pages:
        raise ScanError(
            ScanFault.TOO_MANY_PAGES,
            f"The scan has more than {limits.pages} pages. Please scan it in several parts.",
        )


def check_output(size_bytes: int, limits: Limits) -> None:
    """Raises ``ScanError`` (too-large) when the PDF grows past what ``limits`` allow."""
    if size_bytes > limits.output_bytes:
        raise ScanError(
            ScanFault.TOO_LARGE,
            f"The PDF of this scan would be larger than {limits.output_bytes // 1_000_000} MB. "
            "Please scan fewer pages at a time, or at a lower resolution.",
        )
