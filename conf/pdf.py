"""What can be set about the scans themselves: how they become one PDF, and how that is made to fit a mail."""

import re
from typing import Annotated, Final, Literal

from conf.declare import After, key, table
from conf.spelling import Bytes, Count, Seconds, Switch

_RUNG: Final = re.compile(r"(?P<dpi>[0-9]{2,4}) dpi(?: q(?P<quality>[0-9]{1,2}))?")
_LANGUAGE: Final = re.compile(r"[A-Za-z][A-Za-z_]{1,31}")
_LEAST_DPI: Final = 72
_MOST_DPI: Final = 1200
_LEAST_QUALITY: Final = 30
_MOST_QUALITY: Final = 95
PLAIN_QUALITY: Final = 75
"""Of a step that names no quality."""


def rung(text: str) -> tuple[int, int]:
    """Return resolution and JPEG quality of a step such as ``"200 dpi q75"``. Raises ValueError."""
    found = _RUNG.fullmatch(text)
    if found is None:
        raise ValueError('must be a resolution and, for grey and colour, a JPEG quality, such as "200 dpi q75"')
    dpi, quality = int(found["dpi"]), int(found["quality"] or PLAIN_QUALITY)
    if not _LEAST_DPI <= dpi <= _MOST_DPI or not _LEAST_QUALITY <= quality <= _MOST_QUALITY:
        raise ValueError(
            f"must be {_LEAST_DPI} to {_MOST_DPI} dpi, with a quality of {_LEAST_QUALITY} to {_MOST_QUALITY}"
        )
    return dpi, quality


def _rung(text: str) -> str:
    rung(text)
    return text


def _remedy(text: str) -> str:
    if text not in {"reduce", "split"}:
        raise ValueError('must be "reduce" or "split"')
    return text


def _language(text: str) -> str:
    if _LANGUAGE.fullmatch(text) is None:
        raise ValueError('must be a language as Tesseract names it, such as "eng" or "deu"')
    return text


Rung = Annotated[str, After(_rung)]
Remedy = Annotated[str, After(_remedy)]
Language = Annotated[str, After(_language)]


@table
class Pdf:
    """How scans become one PDF."""

    archive: Switch = key(default=True, description="PDF/A-2b, for keeping, where a scan can be")
    colour: Literal["jpeg", "lossless"] = key(
        default="jpeg", description="for colour that came uncompressed or LZW; JPEG data is never touched"
    )
    jpeg_quality: Count = key(default=80, ge=30, le=95, description="of colour that has to be encoded")
    signed: Literal["keep", "remove", "refuse"] = key(
        default="keep", description="PDFs with a digital signature: passed unchanged if harmless, cleaned, or refused"
    )
    metadata: Literal["remove", "keep"] = key(
        default="remove", description="author and device data that a PDF brings along"
    )
    check: Literal["auto", "quick", "full"] = key(
        default="auto", description="of picture data that is passed as it came: decoded (all but of long scans), or not"
    )
    mail_limit: Bytes = key(
        default=25_000_000,
        ge=100_000,
        le=157_286_400,  # EHLO of smtp.office365.com: SIZE 157286400; no tenant can be set higher
        description="encoded size a mail may reach",
    )
    over_limit: tuple[Remedy, ...] = key(
        default=("reduce", "split"), max_length=2, description="what is done with a larger scan, in this order"
    )
    mails: Count = key(default=20, ge=1, le=200, description="most mails one scan may be split into")
    reduce_colour: tuple[Rung, ...] = key(
        default=("300 dpi q75", "200 dpi q75", "150 dpi q60"), max_length=8, description="steps for colour pictures"
    )
    reduce_grey: tuple[Rung, ...] = key(
        default=("300 dpi q75", "200 dpi q75", "150 dpi q60"), max_length=8, description="steps for grey pictures"
    )
    reduce_bilevel: tuple[Rung, ...] = key(
        default=("300 dpi", "200 dpi"), max_length=8, description="steps for black and white pictures"
    )
    drop_blank: Switch = key(default=False, description="leave out pages with nothing on them")
    rotate: Switch = key(default=False, description="turn pages upright; needs the extra `ocr`")
    deskew: Switch = key(default=False, description="straighten pages; needs the extra `ocr`")
    ocr: Switch = key(default=False, description="recognise text, so that the PDF can be searched; needs the extra")
    languages: tuple[Language, ...] = key(
        default=("eng",), min_length=1, max_length=8, description="of the text, as Tesseract names them"
    )
    ocr_timeout: Seconds = key(
        default=600.0, ge=1, le=86400, description="longest rotate, deskew and ocr may take; then the scan goes without"
    )
    pages: Count = key(default=2000, ge=1, le=20_000, description="most pages a scan may have")
    memory: Bytes = key(
        default=700_000_000, ge=200_000_000, description="most address space the converter may use; not resident memory"
    )
    timeout: Seconds = key(default=300.0, ge=1, le=86400, description="longest a conversion may take")
