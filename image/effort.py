"""How much of the picture data that is passed is decoded to prove it, so that a long scan is still done in time."""

from dataclasses import dataclass
from typing import assert_never

from image.picture import Coding, Picture
from image.recipe import Check

AUTO_PX = 600_000_000
"""Pixels that ``Check.AUTO`` decodes of one scan: those of 68 pages A4 in colour at 300 dpi, or of 137 fax pages.

A colour page of that size takes 0.04 s on an x86 core, a progressive one 0.2 s (measured 2026-11-25). A Raspberry
Pi 3 is some ten times slower: two minutes and a half at the worst, of the five that a conversion may take.
"""

_FAX_SHARE = 2
"""A pixel of fax data takes less than half of what one of a JPEG does (0.013 s a page, measured 2026-11-25)."""

_DEAR = frozenset({Coding.DCT, Coding.FLATE, Coding.FLATE_PNG})
_UNPROVED = frozenset({Coding.JPX})


@dataclass(slots=True)
class Effort:
    """What may still be decoded for one scan."""

    check: Check
    left_px: int = AUTO_PX

    def takes_on(self, picture: Picture) -> bool:
        """Whether this picture is to be decoded; once one was too much, it and all behind it are not."""
        match self.check:
            case Check.FULL:
                return picture.coding not in _UNPROVED
            case Check.QUICK:
                return False
            case Check.AUTO:
                cost_px = picture.width_px * picture.height_px // (1 if picture.coding in _DEAR else _FAX_SHARE)
                if picture.coding not in _UNPROVED:
                    self.left_px = self.left_px - cost_px if cost_px < self.left_px else 0
                return self.left_px > 0 and picture.coding not in _UNPROVED
            case _:
                assert_never(self.check)

    def is_too_much(self, picture: Picture) -> bool:
        """Whether this picture was left undecoded only because there was too much before it."""
        return self.check is Check.AUTO and not self.left_px and picture.coding not in _UNPROVED
