"""What the service and the process that reads a PDF's pages say to each other: one JSON request, one JSON answer."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from image.document import Limits, Page, Written
from image.ocr.reading import Found, PageRead, Reading


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """The PDF at ``source`` with ``pages`` is to be read; ``folder`` is an empty one of the process's own.

    An improved PDF is written to ``draft``. ``parent_pid`` is the process it must not outlive.
    """

    source: Path
    folder: Path
    draft: Path
    pages: tuple[Page, ...]
    reading: Reading
    limits: Limits
    parent_pid: int


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """What came of each page, and ``why`` some were left. ``written`` is None when the PDF is to stay as it was.

    ``plain_because``: why it is no PDF/A any more.
    """

    pages: tuple[PageRead, ...]
    why: str = ""
    written: Written | None = None
    plain_because: str = ""


def request_to_json(request: ReadRequest) -> bytes:
    """``request`` as JSON. Paths travel as the hex of their bytes."""
    paths = {name: os.fsencode(getattr(request, name)).hex() for name in ("source", "folder", "draft")}
    return json.dumps({**asdict(request), **paths}).encode()


def request_from_json(data: bytes) -> ReadRequest:
    """The request in ``data``, which ``request_to_json`` made."""
    found = json.loads(data)
    reading = found["reading"]
    paths = {name: Path(os.fsdecode(bytes.fromhex(found[name]))) for name in ("source", "folder", "draft")}
    return ReadRequest(
        **paths,
        pages=tuple(Page(**page) for page in found["pages"]),
        reading=Reading(**{**reading, "languages": tuple(reading["languages"])}),
        limits=Limits(**found["limits"]),
        parent_pid=found["parent_pid"],
    )


def answer_to_json(answer: ReadAnswer) -> bytes:
    """``answer`` as JSON."""
    return json.dumps(asdict(answer)).encode()


def answer_from_json(data: bytes) -> ReadAnswer | None:
    """The answer in ``data``; None when it is not a whole answer."""
    try:
        found = json.loads(data)
        pages = tuple(PageRead(**{**page, "found": Found(page["found"])}) for page in found["pages"])
        written = Written(**found["written"]) if found["written"] else None
        return ReadAnswer(**{**found, "pages": pages, "written": written})
    except (ValueError, TypeError, KeyError):
        return None
