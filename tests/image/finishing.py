"""Finished PDFs through all that may be done to them before they go out, by chance, and what must hold afterwards."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from image.document import Document, Limits
from image.errors import ScanError, ScanFault
from image.fit.budget import Budget, Fit, Step
from image.fit.finish import drop_blanks, fit

ORDERS = ((Fit.REDUCE,), (Fit.SPLIT,), (Fit.REDUCE, Fit.SPLIT), (Fit.SPLIT, Fit.REDUCE))
_CODED = frozenset({"/Width", "/Height", "/BitsPerComponent", "/Filter", "/DecodeParms"})
"""What of an image is another when it has been reduced."""


def finish(document: Document, random: Random, limits: Limits) -> None:
    """Leaves out blank pages or not, and fits a budget of any size; only ``document.path`` is there afterwards.

    Raises ``AssertionError`` when a page or a file is lost, is another than it was, or is too large; whatever else
    those functions raise comes through, but the refusal of what cannot fit.
    """
    if document.is_untouched:
        return
    if random.random() < 0.5:
        document = _without_blanks(document, limits)
    allowed = budget(random, document.size_bytes)
    before = contents(document.path, has_samples=Fit.REDUCE not in allowed.order)
    try:
        after = fit(document, allowed, limits)
    except ScanError as error:
        assert _files(document.path) == [document.path], "a refusal leaves parts behind"
        if error.fault is not ScanFault.TOO_LARGE:
            raise
        return
    paths = [part.path for part in after.parts]
    assert _files(document.path) == sorted([document.path, *paths]), "there are other files than told"
    _assert_whole(before, after, allowed)
    for path in paths:
        path.unlink()


def budget(random: Random, size_bytes: int) -> Budget:
    """A budget around or far below ``size_bytes``, with the usual steps or any."""
    allowed_bytes = int(size_bytes * random.choice((random.random(), random.random() * 0.3, 0.9, 0.99, 1)))
    allowed_bytes += random.randrange(-3, 4)
    order = random.choice(ORDERS)
    if random.random() < 0.4:
        return Budget(allowed_bytes, order)
    return Budget(allowed_bytes, order, _steps(random), _steps(random), _steps(random))


def contents(path: Path, *, has_samples: bool = True) -> list[str]:
    """A digest of all that each page of a PDF is made of; without ``has_samples`` images may be coded otherwise."""
    with pikepdf.open(path) as pdf:
        told = [repr(_told(page.obj, (), has_samples=has_samples)) for page in pdf.pages]
    return [hashlib.sha256(one.encode()).hexdigest() for one in told]


def _without_blanks(document: Document, limits: Limits) -> Document:
    before = contents(document.path)
    after = drop_blanks(document, limits)
    left = contents(document.path)
    assert 0 < len(left) == len(after.pages), "the pages are not those told"
    rest = iter(before)
    assert all(page in rest for page in left), "a page is another, or in another place"
    told = re.findall(r"(\d+) blank pages? w", " ".join(after.notes[len(document.notes) :]))
    assert sum(map(int, told)) == len(before) - len(left), "the note counts other pages"
    assert [page.flaw for page in after.pages if page.flaw] == [page.flaw for page in document.pages if page.flaw]
    assert after.size_bytes == document.path.stat().st_size
    return after


def _assert_whole(before: Sequence[str], after: Document, allowed: Budget) -> None:
    has_samples = Fit.REDUCE not in allowed.order
    found: list[str] = []
    for part in after.parts:
        assert part.first_page == len(found) + 1
        here = contents(part.path, has_samples=has_samples)
        assert len(here) == part.page_count
        assert part.path.stat().st_size == part.size_bytes <= allowed.size_bytes
        found += here
    if not after.parts:
        found = contents(after.path, has_samples=has_samples)
        assert after.path.stat().st_size == after.size_bytes <= allowed.size_bytes
    assert found == before, "pages are lost, or others than they were"
    assert len(after.pages) == len(before)


def _steps(random: Random) -> tuple[Step, ...]:
    return tuple(
        Step(random.choice((300, 200, 150, 72, 10, 1)), random.choice((95, 75, 60, 1)))
        for _ in range(random.randrange(4))
    )


def _files(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}*"))


def _is_page_or_tree(thing: Object) -> bool:
    return isinstance(thing, Dictionary) and any(thing.get("/Type") == kind for kind in (Name.Page, Name.Pages))


def _told(thing: Any, above: tuple[tuple[int, int], ...], *, has_samples: bool) -> Any:
    """All of ``thing``, whatever its objects are numbered; what leads back to ``above`` is told once."""
    if not isinstance(thing, Object):
        return thing
    if thing.is_indirect:
        # A damaged page may name others, and those that are in another file now are not missed.
        if thing.objgen in above or (above and _is_page_or_tree(thing)):
            return "above"
        above = (*above, thing.objgen)
    if isinstance(thing, Array):
        return [_told(one, above, has_samples=has_samples) for one in thing]
    if not isinstance(thing, (Dictionary, Stream)):
        return thing.unparse(resolved=True)
    is_recoded = not has_samples and isinstance(thing, Stream) and thing.get("/Subtype") == Name.Image
    left_out = {"/Parent", "/Length", *(_CODED if is_recoded else ())}
    entries = [
        (key, _told(one, above, has_samples=has_samples)) for key, one in sorted(thing.items()) if key not in left_out
    ]
    if not isinstance(thing, Stream) or is_recoded:
        return entries
    return entries, hashlib.sha256(thing.read_raw_bytes()).hexdigest()
