"""How pages are spread over files of a limited size: whole, in order, in as few files as that allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Key = tuple[int, int]
"""What names a thing in the PDF the pages come from: number and generation of an object."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What pages take in a file. Things that several pages use stand in a file once.

    ``fixed_bytes`` every file has. ``used`` are, for each page, the keys of what it uses; ``sizes`` says how large
    each of those is.
    """

    fixed_bytes: int
    used: Sequence[frozenset[Key]]
    sizes: Mapping[Key, int]

    def alone(self, page: int) -> int:
        """The size of a file of this page (index from 0) alone."""
        return self.fixed_bytes + sum(self.sizes[key] for key in self.used[page])


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that are to stand in one file: the size it has now, and the things in it (None: all there are)."""

    size_bytes: int
    keys: frozenset[Key] | None = None

    def holds(self, key: Key) -> bool:
        """Whether a thing is in the file."""
        return self.keys is None or key in self.keys


def packed(weights: Weights, limit_bytes: int) -> tuple[int, ...]:
    """The number of pages in each file, none above ``limit_bytes`` unless one page alone is.

    Each file takes pages for as long as they fit, which gives the fewest files that are possible.
    """
    counts: list[int] = []
    inside: set[Key] = set()
    size_bytes = weights.fixed_bytes
    for used in weights.used:
        added_bytes = sum(weights.sizes[key] for key in used - inside)
        if counts and size_bytes + added_bytes <= limit_bytes:
            counts[-1] += 1
            inside |= used
            size_bytes += added_bytes
        else:
            counts.append(1)
            inside = set(used)
            size_bytes = weights.fixed_bytes + sum(weights.sizes[key] for key in used)
    return tuple(counts)
