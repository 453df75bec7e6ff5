"""What the person who scanned is told about a file that is no scan."""

from image.errors import ScanError, ScanFault
from image.sniff import Kind

_SENTENCES: dict[Kind, tuple[ScanFault, str]] = {
    Kind.EMPTY: (ScanFault.EMPTY, "The file from the scanner is empty. Please scan again."),
    Kind.POSTSCRIPT: (
        ScanFault.UNSUPPORTED,
        "The file is a PostScript print job, which is never run here. Please set the scanner to PDF, TIFF or JPEG.",
    ),
    Kind.ZIP: (ScanFault.NOT_A_SCAN, "The file is a ZIP archive or an office document, not a scan."),
    Kind.HTML: (ScanFault.NOT_A_SCAN, "The file is a web page, not a scan."),
    Kind.TEXT: (ScanFault.NOT_A_SCAN, "The file is plain text, not a scan."),
    Kind.UNKNOWN: (
        ScanFault.NOT_A_SCAN,
        "The file is in no format known for scans. Please set the scanner to PDF, TIFF or JPEG.",
    ),
}

NO_SCANS = frozenset(sentence for fault, sentence in _SENTENCES.values() if fault is ScanFault.NOT_A_SCAN)
"""The sentences about what is no scan at all."""


def refusal_of(kind: Kind) -> ScanError:
    """The refusal of a file of ``kind``, one that is not made into pages."""
    return ScanError(*_SENTENCES[kind])
