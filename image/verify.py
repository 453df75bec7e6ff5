"""Reads a finished PDF with an independent reader and holds it to the plan: the only module that knows pypdf."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from image.document import Page
from image.errors import ScanError, ScanFault
from image.paper import shown_size


@contextlib.contextmanager
def _instead(found: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """While this lasts, importing a name of ``found`` gives what stands there, and fails for None (as sys.modules)."""
    modules = cast("dict[str, object]", sys.modules)
    before = {name: modules[name] for name in found if name in modules}
    modules.update(found)
    try:
        yield
    finally:
        for name in found:
            del modules[name]
        modules.update(before)


_GLYPHS = "pypdf._codecs.adobe_glyphs"


def _without_glyphs() -> ModuleType:
    """What pypdf takes for its table of glyph names, by which it reads text: an empty one."""
    module = ModuleType(_GLYPHS)
    module.__dict__["adobe_glyphs"] = {}
    return module


# pypdf can do without them, and here it reads neither encryption nor pictures nor fonts nor text: 13 MB and 25 ms less
# for each worker. Where a later pypdf keeps its glyphs elsewhere, they are loaded as ever.
with _instead({"PIL": None, "cryptography": None, "fontTools": None, _GLYPHS: _without_glyphs()}):
    from pypdf import PdfReader

TOLERANCE_PT = 0.1
"""Sizes are written with four digits; incoming PDFs are repeated as they are. A tenth of a point is 0.04 mm."""

_ACTIVE = frozenset({"/OpenAction", "/AA", "/Names", "/AcroForm", "/Collection", "/AF", "/Annots"})
"""What neither the catalog nor a page of a PDF made here has: each may start something or hold a file."""

_INHERITED = ("/MediaBox", "/CropBox", "/Rotate")
"""ISO 32000-1 table 30: what a page takes from the nodes above it."""

_LETTER = (0.0, 0.0, 612.0, 792.0)
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class _Found:
    """What the reader found: the size of each page as shown, and the keys of what could act."""

    sizes: list[tuple[float, float]]
    active: frozenset[str]


def verify(path: Path, pages: Sequence[Page], *, is_untouched: bool = False) -> None:
    """Holds when the PDF at ``path`` has exactly ``pages``, in order and size, and nothing in it that could act.

    ``is_untouched``: a PDF passed as it came, whose actions have been looked at elsewhere; only pages count.
    Raises ``ScanError`` (crashed) otherwise: such a file must not be delivered. ``OSError`` comes through.
    """
    try:
        found = _read(path)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise _refused(f"a second reader cannot open it ({type(error).__name__})") from error
    if found.active and not is_untouched:
        raise _refused(f"it still holds {', '.join(sorted(found.active))}")
    if len(found.sizes) != len(pages):
        raise _refused(f"it has {len(found.sizes)} pages instead of {len(pages)}")
    for number, (page, (width_pt, height_pt)) in enumerate(zip(pages, found.sizes, strict=True), 1):
        if max(abs(page.width_pt - width_pt), abs(page.height_pt - height_pt)) > TOLERANCE_PT:
            raise _refused(f"page {number} has the wrong size")


def _read(path: Path) -> _Found:
    """Strictly, which is quicker: pypdf then trusts the table instead of trying each object (14 to 10 ms a 200 pages).

    What pypdf is strict about beyond that (names that are no UTF-8) does not make a file wrong: then it reads again.
    """
    try:
        return _read_by(path, is_strict=True)
    except (OSError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 -- pypdf fails in many ways, and the second reading tells which counts
        return _read_by(path, is_strict=False)


def _read_by(path: Path, *, is_strict: bool) -> _Found:
    with path.open("rb") as file:
        reader = PdfReader(file, strict=is_strict)
        root: Any = reader.trailer["/Root"]
        active = set(root) & _ACTIVE | ({"/Encrypt"} & set(reader.trailer))
        sizes: list[tuple[float, float]] = []
        for page, inherited in _leaves(root["/Pages"]):
            active |= _ACTIVE & set(page)
            sizes.append(_shown(page, inherited))
    return _Found(sizes, frozenset(active))


def _leaves(top: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The page dictionaries in order, each with what it inherits; read one by one, which spares building the pages."""
    waiting: list[tuple[Any, dict[str, Any], int]] = [(top, {}, 0)]
    while waiting:
        reference, inherited, depth = waiting.pop()
        node = reference.get_object()
        if "/Kids" not in node:
            yield node, inherited
            continue
        if depth > _MAX_DEPTH:
            raise RecursionError
        passed = {**inherited, **{key: node[key] for key in _INHERITED if key in node}}
        waiting.extend((kid, passed, depth + 1) for kid in reversed(node["/Kids"]))


def _shown(page: Any, inherited: dict[str, Any]) -> tuple[float, float]:
    def entry(key: str, default: Any) -> Any:
        return page[key] if key in page else inherited.get(key, default)

    left, bottom, right, top = (float(side) for side in entry("/CropBox", None) or entry("/MediaBox", _LETTER))
    return shown_size((left, bottom, right, top), int(entry("/Rotate", 0)), float(page.get("/UserUnit", 1)))


def _refused(why: str) -> ScanError:
    return ScanError(
        ScanFault.CRASHED, f"The PDF made of this scan did not pass its check: {why}. Please tell your administrator."
    )
