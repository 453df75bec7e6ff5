"""How pages are to be made: what the owner of the box chose, apart from what a scan may cost."""

from dataclasses import dataclass
from enum import StrEnum


class Signed(StrEnum):
    """What becomes of a PDF that carries a digital signature.

    ``KEEP``: its bytes unchanged when nothing in it can act, else cleaned, without the signature and with a note.
    ``REMOVE``: always cleaned. ``REFUSE``: refused.
    """

    KEEP = "keep"
    REMOVE = "remove"
    REFUSE = "refuse"


class Check(StrEnum):
    """How far picture data that is passed is proved: ``QUICK`` by its structure and end, ``FULL`` by decoding it.

    ``AUTO`` decodes as much as a small box can in a minute or two, which is all of most scans.
    """

    AUTO = "auto"
    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the pages of a scan are made.

    ``colour`` is ``jpeg`` or ``lossless``, for colour that has to be encoded; ``jpeg_quality`` is libjpeg's scale.
    ``is_archive``: PDF/A-2b where that can be. ``title`` stands in the PDF. ``is_metadata_kept``: author and device
    data of an incoming file stay. ``drops_blanks``: pages without a mark are left out, and counted in a note.
    """

    colour: str = "jpeg"
    jpeg_quality: int = 80
    is_archive: bool = True
    title: str = ""
    is_metadata_kept: bool = False
    signed: Signed = Signed.KEEP
    check: Check = Check.AUTO
    drops_blanks: bool = False
