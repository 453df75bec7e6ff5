"""What a normalised scan is: its pages, its size, and what was done to it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """What one scan may cost. Sizes in bytes."""

    pages: int = 2000
    pixels: int = 150_000_000
    decoded_bytes: int = 300_000_000
    output_bytes: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the PDF as written: its size in points (1/72 inch) and what was done to its image.

    ``action`` is ``passed`` (the source's bytes), ``rewrapped`` (the same data in another wrapper) or ``encoded``.
    ``flaw`` is what its reader must know of this page, a sentence without the page's number; empty when all is well.
    ``is_quick``: its picture was passed with a look at the ends alone, because the scan has so many (``Check.AUTO``).
    """

    width_pt: float
    height_pt: float
    action: str
    flaw: str = ""
    is_quick: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A PDF as it was written: its size."""

    size_bytes: int


@dataclass(frozen=True, slots=True)
class Part:
    """One of several PDFs a scan was split into: its file, the number of its first page (from 1), and how many."""

    path: Path
    first_page: int
    page_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Document:
    """The finished PDF at ``path``. ``notes`` are sentences for the reader of the mail (repaired, reduced, …).

    ``plain_because`` is why it is no PDF/A, for the log; empty when it is one. ``parts`` are the PDFs, in order, that
    are to be delivered in its stead when it was split to fit the mail; else there are none. ``is_untouched``: a signed
    PDF passed byte for byte, which any change would invalidate.
    """

    path: Path
    pages: tuple[Page, ...]
    size_bytes: int
    notes: tuple[str, ...] = ()
    plain_because: str = ""
    parts: tuple[Part, ...] = ()
    is_untouched: bool = False


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A page (its number in the scan, from 1) as a small JPEG."""

    page: int
    width_px: int
    height_px: int
    jpeg: bytes
