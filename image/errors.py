"""Why a scan cannot become a PDF; each error holds the sentence its reader needs."""

from enum import StrEnum


class ScanFault(StrEnum):
    """The kinds of refusal; the value stands in journal, log and ``--json``."""

    EMPTY = "empty"
    NOT_A_SCAN = "not-a-scan"
    UNSUPPORTED = "unsupported"
    ENCRYPTED = "encrypted"
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
