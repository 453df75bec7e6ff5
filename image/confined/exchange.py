"""What service, fork server and children say to each other: requests, progress, answers and ends, in JSON."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from image.document import Document, Limits, Page, Part, Thumbnail
from image.errors import ScanError, ScanFault
from image.fit.budget import Budget, Fit, Step
from image.recipe import Check, Recipe, Signed


class Task(StrEnum):
    """What a child is to do."""

    CONVERT = "convert"
    FIT = "fit"
    THUMBNAILS = "thumbnails"


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be done with which files, and what the process that does it may take.

    ``document`` and ``budget`` are for ``Task.FIT``: the PDF at ``out``, and what it may have. ``pages`` (numbers from
    1) are for ``Task.THUMBNAILS``, of the PDF at ``out``, which is only read. ``is_watched``: somebody wants to hear of
    the progress, which costs a process that wakes up for each page.
    """

    task: Task
    sources: tuple[Path, ...]
    out: Path
    limits: Limits
    recipe: Recipe
    made_at: datetime
    memory_bytes: int
    cpu_s: int
    document: Document | None = None
    budget: Budget | None = None
    is_watched: bool = False
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """The answer to ``Task.THUMBNAILS``: some of the pages asked for, in their order."""

    made: tuple[Thumbnail, ...]


Answer = Document | Thumbnails | ScanError | OSError

MAX_THUMBNAIL_BYTES = 32_000
_MAX_SIDE_PX = 1000


@dataclass(frozen=True, slots=True)
class Usage:
    """What a child took: processor time, and the most memory that was resident at once.

    The pages it shares with the fork server count as far as it touched them or their tables were copied (wait4's
    ``ru_maxrss``), so a child that does nothing has some 27 MB.
    """

    peak_bytes: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class End:
    """How a child ended: its exit code (a signal's number, negated) and what it took."""

    code: int
    usage: Usage


def request_to_json(request: Request) -> bytes:
    """``request`` as JSON. Paths travel as the hex of their bytes: a scanner's file names need not be text."""
    said = asdict(request)
    said["sources"] = [_hex(path) for path in request.sources]
    said["out"] = _hex(request.out)
    said["made_at"] = request.made_at.isoformat()
    said["document"] = None if request.document is None else _said(request.document)
    return json.dumps(said).encode()


def request_from_json(data: bytes) -> Request:
    """The request in ``data``, which ``request_to_json`` made."""
    found = json.loads(data)
    out = _path(found["out"])
    return Request(
        task=Task(found["task"]),
        sources=tuple(_path(path) for path in found["sources"]),
        out=out,
        limits=Limits(**found["limits"]),
        recipe=_recipe(found["recipe"]),
        made_at=datetime.fromisoformat(found["made_at"]),
        memory_bytes=found["memory_bytes"],
        cpu_s=found["cpu_s"],
        document=None if found["document"] is None else _document(found["document"], out),
        budget=None if found["budget"] is None else _budget(found["budget"]),
        is_watched=found["is_watched"],
        pages=tuple(found["pages"]),
    )


def answer_to_json(answer: Answer) -> bytes:
    """``answer`` as one line of JSON; the path of a document is left out, since the asker knows it."""
    match answer:
        case Document():
            return json.dumps({"document": _said(answer)}).encode()
        case Thumbnails():
            made = [{**asdict(one), "jpeg": base64.b64encode(one.jpeg).decode()} for one in answer.made]
            return json.dumps({"thumbnails": made}).encode()
        case ScanError():
            return json.dumps({"fault": answer.fault, "sentence": answer.sentence}).encode()
        case OSError():
            return json.dumps({"errno": answer.errno, "reason": _reason(answer)}).encode()


def _reason(error: OSError) -> str:
    """What went wrong and with which file: without that nobody can tell what to mend on the box."""
    what = error.strerror or str(error)
    return f"{what}: {error.filename!r}" if error.strerror and error.filename is not None else what


def answer_from_json(data: bytes, out: Path) -> Answer | None:
    """The answer in ``data`` about the file ``out``; None when it is not a whole answer, of the right types.

    ``data`` comes from a process that has read what a stranger sent.
    """
    try:
        found = json.loads(data)
        if "document" in found:
            return _document(found["document"], out)
        if "thumbnails" in found:
            return Thumbnails(tuple(_thumbnail(one) for one in found["thumbnails"]))
        if "fault" in found:
            return ScanError(ScanFault(found["fault"]), _text(found["sentence"]))
        number = None if found["errno"] is None else _whole(found["errno"])
        return OSError(number, _text(found["reason"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def progress_to_json(done: int, total: int) -> bytes:
    """A line that says how many of all steps are done; such lines go before the answer."""
    return b"[%d,%d]\n" % (done, total)


def progress_from_json(line: bytes) -> tuple[int, int] | None:
    """The steps done and their total; None when ``line`` is no such line."""
    try:
        done, total = json.loads(line)
        return (done, total) if 0 <= _whole(done) <= _whole(total) else None
    except (ValueError, TypeError, RecursionError):
        return None


def end_to_json(end: End) -> bytes:
    """``end`` as JSON."""
    return json.dumps(asdict(end)).encode()


def end_from_json(data: bytes) -> End:
    """The end in ``data``, which ``end_to_json`` made."""
    found = json.loads(data)
    return End(found["code"], Usage(**found["usage"]))


def _said(document: Document) -> dict[str, Any]:
    # Not by asdict, which copies every page of a long document twice.
    said = {field.name: getattr(document, field.name) for field in fields(document)}
    del said["path"]
    names = tuple(field.name for field in fields(Page))
    said["pages"] = [{name: getattr(page, name) for name in names} for page in document.pages]
    said["parts"] = [{**asdict(part), "path": part.path.name} for part in document.parts]
    return said


def _document(found: Mapping[str, Any], out: Path) -> Document:
    said = {
        **found,
        "path": out,
        "pages": tuple(Page(**_checked(Page, page)) for page in found["pages"]),
        "parts": tuple(
            Part(**{**_checked(Part, part), "path": _beside(out, _text(part["path"]))}) for part in found["parts"]
        ),
        "notes": tuple(_text(note) for note in found["notes"]),
    }
    return Document(**_checked(Document, said))


def _thumbnail(found: Mapping[str, Any]) -> Thumbnail:
    """A thumbnail that at its ends is a JPEG, of a sane size; raises ValueError for anything else."""
    jpeg = base64.b64decode(_text(found["jpeg"]), validate=True)
    page, width_px, height_px = (_whole(found[key]) for key in ("page", "width_px", "height_px"))
    is_sane = 0 < min(width_px, height_px) <= max(width_px, height_px) <= _MAX_SIDE_PX
    is_sane = is_sane and len(jpeg) <= MAX_THUMBNAIL_BYTES
    if not is_sane or not jpeg.startswith(b"\xff\xd8\xff") or not jpeg.endswith(b"\xff\xd9"):
        raise ValueError
    return Thumbnail(page, width_px, height_px, jpeg)


def _checked(record: type[Page | Part | Document], found: Mapping[str, Any]) -> Mapping[str, Any]:
    """``found`` when its plain values have the types that ``record`` states, else TypeError."""
    for field in fields(record):
        value = found[field.name]
        if field.type is float and not isinstance(value, (int, float)):
            raise TypeError
        if field.type is int:
            _whole(value)
        if field.type is str:
            _text(value)
        if field.type is bool and not isinstance(value, bool):
            raise TypeError
    return found


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _beside(out: Path, name: str) -> Path:
    if not name.startswith(out.name):
        raise ValueError
    return out.with_name(name)


def _recipe(found: dict[str, Any]) -> Recipe:
    return Recipe(**{**found, "signed": Signed(found["signed"]), "check": Check(found["check"])})


def _budget(found: dict[str, Any]) -> Budget:
    steps = {tone: tuple(Step(**step) for step in found[tone]) for tone in ("colour", "grey", "bilevel")}
    return Budget(found["size_bytes"], tuple(Fit(way) for way in found["order"]), **steps, max_parts=found["max_parts"])


def _hex(path: Path) -> str:
    return os.fsencode(path).hex()


def _path(text: str) -> Path:
    return Path(os.fsdecode(bytes.fromhex(text)))
