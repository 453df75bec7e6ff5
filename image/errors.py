"""Why a scan cannot become a PDF; each error holds the sentence its reader needs."""

import errno
from enum import StrEnum

TOO_MUCH_MEMORY = (
    "A page of this scan needs more memory than this box has. Please scan at a lower resolution, "
    "or in grey or black and white."
)


class ScanFault(StrEnum):
    """The kinds of refusal; the value stands in journal, log and ``--json``."""

    EMPTY = "empty"
    NOT_A_SCAN = "not-a-scan"
    UNSUPPORTED = "unsupported"
    ENCRYPTED = "encrypted"
    SIGNED = "signed"
    NO_PAGES = "no-pages"
    TOO_MANY_PAGES = "too-many-pages"
    TOO_LARGE = "too-large"
    DAMAGED = "damaged"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


class ScanError(Exception):
    """These files cannot become a PDF, now or later. ``str()`` is the sentence for the person who scanned."""

    def __init__(self, fault: ScanFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence


def is_local(error: OSError) -> bool:
    """Whether an ``OSError`` is this box's own trouble (a full or failing disk) and not a fault of the scan.

    Decoders raise ``OSError`` without a number for bytes they cannot read, and EINVAL is what a seek to an offset out
    of a damaged file gives.
    """
    return error.errno not in {None, errno.EINVAL}
