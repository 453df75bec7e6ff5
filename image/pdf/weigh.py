"""What each page of a finished PDF takes in a file of its own."""

from collections.abc import Iterator
from typing import Any

from pikepdf import Array, Dictionary, Object, Pdf, Stream

from image.fit.packing import Key, Weights

_AROUND_BYTES = 64
"""What stands around an object: its line of the cross-reference table, its number, ``endobj``, ``endstream``."""

_FRAME_BYTES = 1024
"""Head, trailer and page tree of a file."""

_KID_BYTES = 16
"""A page's reference in the page tree."""


def weights(pdf: Pdf) -> Weights:
    """What every page of ``pdf`` uses, by object; sizes are as qpdf writes them, rounded up."""
    pages = [page.obj for page in pdf.pages]
    graph = _Graph({page.objgen for page in pages})
    used = [graph.reach(page) for page in pages]
    fixed = graph.reach(pdf.Root) | (graph.reach(pdf.trailer.Info) if "/Info" in pdf.trailer else frozenset())
    sizes = dict(graph.sizes)
    for page in pages:
        sizes[page.objgen] += _KID_BYTES
    return Weights(_FRAME_BYTES + sum(sizes[key] for key in fixed), used, sizes)


class _Graph:
    """The objects of a PDF, each looked at once: its size and what it refers to."""

    def __init__(self, pages: set[Key]) -> None:
        self._pages = pages
        self._next: dict[Key, dict[Key, Object]] = {}
        self.sizes: dict[Key, int] = {}

    def reach(self, start: Object) -> frozenset[Key]:
        """``start``, which is indirect, and all it needs: not the page tree above it, nor other pages."""
        seen = {start.objgen}
        waiting = [start]
        while waiting:
            for key, found in self._links(waiting.pop()).items():
                if key not in seen:
                    seen.add(key)
                    waiting.append(found)
        return frozenset(seen)

    def _links(self, thing: Object) -> dict[Key, Object]:
        key = thing.objgen
        if key not in self._next:
            self.sizes[key] = _AROUND_BYTES + _size(thing)
            self._next[key] = {one.objgen: one for one in _references(thing) if one.objgen not in self._pages}
        return self._next[key]


def _size(thing: Object) -> int:
    if isinstance(thing, Stream):
        return len(thing.stream_dict.unparse()) + int(thing.get("/Length", 0))
    return len(thing.unparse(resolved=True))


def _references(thing: Object) -> Iterator[Object]:
    """The indirect objects that ``thing`` names, and those named in what stands inside it."""
    waiting = list(_children(thing))
    while waiting:
        child = waiting.pop()
        if child.is_indirect:
            yield child
        else:
            waiting.extend(_children(child))


def _children(thing: Object) -> Iterator[Object]:
    if isinstance(thing, Array):
        values: list[Any] = list(thing)
    elif isinstance(thing, (Dictionary, Stream)):
        values = [value for key, value in thing.items() if key not in {"/Parent", "/Pages"}]
    else:
        return
    # Numbers and the like come as Python's own; an indirect one is too small to count.
    yield from (value for value in values if isinstance(value, Object))
