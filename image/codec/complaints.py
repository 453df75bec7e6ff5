"""What decoders say on stderr, and nowhere else, about picture data that they could not follow."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

FLAW = "the picture data is damaged in places; please check that it can be read"
"""What is said of a page whose decoder complained, behind the page's number."""

_STDERR = 2
_KEPT_BYTES = 64 * 1024

_DAMAGE = re.compile(
    # libtiff on fax data (tif_fax3.c and tif_fax3.h).
    r"bad code word|line length mismatch|premature eo|uncompressed data \(not|buffer overflow"
    # libtiff on other codings.
    r"|not enough data|decoding error at scanline|read error at scanline"
    # libjpeg through libtiff; bytes too many before the end marker are padding, and harm nothing.
    r"|corrupt jpeg data(?!: \d+ extraneous bytes before marker 0xd9)|premature end of jpeg|inconsistent progression"
    r"|application transferred too"
)


@dataclass(slots=True)
class Complaints:
    """What was said while a page was decoded; filled in when ``overheard`` ends."""

    text: str = ""

    @property
    def flaw(self) -> str:
        """A sentence about the page, or nothing when no damage was told of."""
        return FLAW if _DAMAGE.search(self.text.lower()) else ""


@contextlib.contextmanager
def overheard() -> Iterator[Complaints]:
    """Listens on file descriptor 2 while the body runs, and then passes on to the real stderr what was said.

    Of much, the first 64 KiB are kept. ``OSError`` when this box has no descriptor or memory left for it.
    """
    found = Complaints()
    kept = os.memfd_create("complaints")
    try:
        real = os.dup(_STDERR)
        try:
            os.dup2(kept, _STDERR)
            try:
                yield found
            finally:
                os.dup2(real, _STDERR)
                said = os.pread(kept, _KEPT_BYTES, 0)
                found.text = said.decode(errors="replace")
                with contextlib.suppress(OSError):
                    os.write(_STDERR, said)
        finally:
            os.close(real)
    finally:
        os.close(kept)
