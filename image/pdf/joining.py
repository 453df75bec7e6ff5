"""Several PDFs made here joined to one."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from image.document import Limits, Written
from image.effort import Effort
from image.pdf.describe import describe, kept_of
from image.pdf.disarm import disarm
from image.pdf.examine import examine
from image.pdf.opening import opened
from image.pdf.saving import save
from image.recipe import Check, Recipe


@dataclass(frozen=True, slots=True)
class Joined:
    """The joined file, and why it is no PDF/A, for the log; empty when it is one."""

    written: Written
    plain_because: str


def join_pdfs(parts: Sequence[Path], out: Path, limits: Limits, made_at: datetime, recipe: Recipe) -> Joined:
    """Writes the pages of ``parts``, PDFs made here, to ``out`` in order. Raises as ``clean_pdf`` does.

    Pages that are copied pass through memory, so the largest part stays where it is and the others come to it.
    """
    base_at = max(range(len(parts)), key=lambda at: parts[at].stat().st_size)
    kept: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        pdfs = [stack.enter_context(opened(part)) for part in parts]
        base, behind = pdfs[base_at], 0
        for at, pdf in enumerate(pdfs):
            kept = {**kept_of(pdf, recipe), **kept}
            if at == base_at:
                continue
            before = len(base.pages)
            base.add_pages_from(pdf, forms="strip", outlines="ignore")
            if at < base_at:
                # They were added at the end: rotate them to their place.
                added = [base.pages[number] for number in range(before, len(base.pages))]
                del base.pages[before:]
                for number, page in enumerate(added, behind):
                    base.pages.insert(number, page)
                behind += len(added)
        disarm(base)
        # The pictures were looked at when the parts were made.
        breach = examine(base, Effort(Check.QUICK), is_archive=recipe.is_archive).breach
        describe(base, kept, made_at, is_archive=not breach)
        return Joined(save(base, out, limits), breach)
