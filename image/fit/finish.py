"""What is done to a finished PDF before it goes out: blank pages left out, and the whole made to fit the mail."""

from collections.abc import Sequence
from dataclasses import replace

from image.document import Document, Limits
from image.fit.blank import blank_note
from image.fit.budget import Budget, Fit, page_too_large, reduced_notes, split_note, too_large
from image.fit.packing import Group, packed
from image.notes import flaw_notes
from image.verify import verify

REDUCED = "reduced"
ALL_BLANK = "Every page of the scan looks blank; all of them are here."


def drop_blanks(document: Document, limits: Limits) -> Document:
    """``document`` without its blank pages, checked with a second reader, and with a note that counts them.

    The pages left out have the numbers they were scanned with; the notes on flaws count the pages that are left. Never
    all pages are left out, and never one with a flaw; a signed PDF stays whole. ``OSError`` comes through.
    """
    from image.pdf.blank import blank_pages, leave_out

    if document.is_untouched:
        return document
    blank = [index for index in blank_pages(document.path, limits) if not document.pages[index].flaw]
    if not blank:
        return document
    if len(blank) == len(document.pages):
        return replace(document, notes=(*document.notes, ALL_BLANK))
    pages = tuple(page for index, page in enumerate(document.pages) if index not in blank)
    made = document.path.with_name(f"{document.path.name}.part-kept")
    try:
        written = leave_out(document.path, made, blank, limits)
        verify(made, pages)
        made.replace(document.path)
    finally:
        made.unlink(missing_ok=True)
    # The pages that are left have other numbers now.
    flaws = flaw_notes(document.pages)
    others = (note for note in document.notes if note not in flaws)
    notes = (*others, *flaw_notes(pages), blank_note([index + 1 for index in blank]))
    return replace(document, pages=pages, size_bytes=written.size_bytes, notes=notes)


def fit(document: Document, budget: Budget, limits: Limits) -> Document:
    """``document`` when it is within ``budget``; else what ``budget.order`` allows, first things first.

    Reduced, the file at ``document.path`` is another one; split, ``parts`` are to be delivered in its stead. Both
    are checked with a second reader and told in the notes. The same input gives the same bytes.

    Raises ``ScanError`` (too-large) when nothing that is allowed is enough: never is a part delivered for the whole.
    ``document.path`` and its parts are then for the caller to remove. ``OSError`` comes through.
    """
    if document.size_bytes <= budget.size_bytes:
        return document
    if not budget.order:
        raise too_large(document.size_bytes, budget)
    assert not document.is_untouched, "a signed PDF is cleaned before it is made to fit"
    if budget.order[0] is Fit.REDUCE:
        return _reduced_first(document, budget, limits)
    return _split_first(document, budget, limits)


def _reduced_first(document: Document, budget: Budget, limits: Limits) -> Document:
    can_split = Fit.SPLIT in budget.order
    reduced = _reduced(document, [Group(document.size_bytes)], budget, limits, keeps_floor=can_split)
    if reduced.size_bytes <= budget.size_bytes:
        return reduced
    if not can_split:
        raise too_large(document.size_bytes, budget)
    return _split(reduced, budget, limits)


def _split_first(document: Document, budget: Budget, limits: Limits) -> Document:
    from image.pdf.split import too_large_alone

    weights, large = too_large_alone(document.path, budget)
    has_too_many = len(packed(weights, budget.size_bytes)) > budget.max_parts
    if has_too_many and Fit.REDUCE in budget.order:
        document = _reduced(document, [Group(document.size_bytes)], budget, limits, keeps_floor=True)
    elif large:
        reduced = document
        if Fit.REDUCE in budget.order:
            groups = [Group(weights.alone(page), weights.used[page]) for page in large]
            reduced = _reduced(document, groups, budget, limits, keeps_floor=False)
        if reduced is document:
            raise page_too_large(large[0] + 1, weights.alone(large[0]), budget)
        document = reduced
    return _split(document, budget, limits)


def _reduced(
    document: Document, groups: Sequence[Group], budget: Budget, limits: Limits, *, keeps_floor: bool
) -> Document:
    """``document`` with its images reduced; itself when nothing came of it."""
    from image.pdf.reduce import reduce_images

    made = document.path.with_name(f"{document.path.name}.part-reduced")
    try:
        found = reduce_images(document.path, made, groups, budget, limits, keeps_floor=keeps_floor)
        if found is None:
            return document
        verify(made, document.pages)
        made.replace(document.path)
    finally:
        made.unlink(missing_ok=True)
    return replace(
        document,
        pages=tuple(
            replace(page, action=REDUCED) if number in found.changes else page
            for number, page in enumerate(document.pages, 1)
        ),
        size_bytes=found.written.size_bytes,
        notes=(*document.notes, *reduced_notes(found.changes)),
    )


def _split(document: Document, budget: Budget, limits: Limits) -> Document:
    from image.pdf.split import split

    parts = split(document, budget, limits)
    for part in parts:
        verify(part.path, document.pages[part.first_page - 1 : part.first_page - 1 + part.page_count])
    if len(parts) == 1:
        # Written anew the whole fits: nothing had to be parted.
        parts[0].path.replace(document.path)
        return replace(document, size_bytes=parts[0].size_bytes)
    note = split_note(part.page_count for part in parts)
    return replace(document, notes=(*document.notes, note), parts=parts)
