"""What the service and its worker process say to each other: one JSON request, one JSON answer."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from image.document import Document, Limits, Page, Part
from image.errors import ScanError, ScanFault
from image.recipe import Check, Recipe, Signed


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be converted, and what the process may take. ``parent_pid`` is the process it must not outlive."""

    sources: tuple[Path, ...]
    out: Path
    limits: Limits
    recipe: Recipe
    made_at: datetime
    memory_bytes: int
    cpu_s: int
    parent_pid: int


Answer = Document | ScanError | OSError


def request_to_json(request: Request) -> bytes:
    """``request`` as JSON. Paths travel as the hex of their bytes: a scanner's file names need not be text."""
    return json.dumps(
        {
            "sources": [_hex(path) for path in request.sources],
            "out": _hex(request.out),
            "limits": asdict(request.limits),
            "recipe": asdict(request.recipe),
            "made_at": request.made_at.isoformat(),
            "memory_bytes": request.memory_bytes,
            "cpu_s": request.cpu_s,
            "parent_pid": request.parent_pid,
        }
    ).encode()


def request_from_json(data: bytes) -> Request:
    """The request in ``data``, which ``request_to_json`` made."""
    found = json.loads(data)
    return Request(
        sources=tuple(_path(path) for path in found["sources"]),
        out=_path(found["out"]),
        limits=Limits(**found["limits"]),
        recipe=_recipe(found["recipe"]),
        made_at=datetime.fromisoformat(found["made_at"]),
        memory_bytes=found["memory_bytes"],
        cpu_s=found["cpu_s"],
        parent_pid=found["parent_pid"],
    )


def answer_to_json(answer: Answer) -> bytes:
    """``answer`` as JSON; the path of a document is left out, since the asker knows it."""
    match answer:
        case Document():
            said = asdict(answer)
            del said["path"]
            said["parts"] = [{**asdict(part), "path": part.path.name} for part in answer.parts]
            return json.dumps({"document": said}).encode()
        case ScanError():
            return json.dumps({"fault": answer.fault, "sentence": answer.sentence}).encode()
        case OSError():
            return json.dumps({"errno": answer.errno, "reason": answer.strerror or str(answer)}).encode()


def answer_from_json(data: bytes, out: Path) -> Answer | None:
    """The answer in ``data`` about the file ``out``; None when it is not a whole answer."""
    try:
        found = json.loads(data)
        if "document" in found:
            said = found["document"]
            parts = tuple(Part(**{**part, "path": out.with_name(part["path"])}) for part in said["parts"])
            pages = tuple(Page(**page) for page in said["pages"])
            return Document(**{**said, "path": out, "pages": pages, "parts": parts, "notes": tuple(said["notes"])})
        if "fault" in found:
            return ScanError(ScanFault(found["fault"]), found["sentence"])
        return OSError(found["errno"], found["reason"])
    except (ValueError, TypeError, KeyError):
        return None


def _recipe(found: dict[str, Any]) -> Recipe:
    return Recipe(**{**found, "signed": Signed(found["signed"]), "check": Check(found["check"])})


def _hex(path: Path) -> str:
    return os.fsencode(path).hex()


def _path(text: str) -> Path:
    return Path(os.fsdecode(bytes.fromhex(text)))
