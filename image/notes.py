"""The sentences about a document that its reader is told, from what is known of its pages."""

from collections.abc import Iterable, Sequence

from image.document import Page


def page_list(numbers: Iterable[int]) -> str:
    """Page numbers (from 1) as one says them: ``page 3``, ``pages 1, 4 to 7 and 9``; longer runs are joined."""
    ordered = sorted(set(numbers))
    runs: list[list[int]] = []
    for number in ordered:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    said: list[str] = []
    for run in runs:
        said += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run]  # noqa: PLR2004 -- a run
    words = said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    return f"page{'' if len(ordered) == 1 else 's'} {words}"


def flaw_notes(pages: Sequence[Page]) -> tuple[str, ...]:
    """One sentence for each kind of flaw, with the pages that have it, in the order of their first pages."""
    numbers: dict[str, list[int]] = {}
    for number, page in enumerate(pages, 1):
        if page.flaw:
            numbers.setdefault(page.flaw, []).append(number)
    return tuple(f"{page_list(those).capitalize()}: {flaw}" for flaw, those in numbers.items())


def quick_pages(pages: Sequence[Page]) -> str:
    """Which pages were looked at by their ends alone, as one says them; empty when none was."""
    numbers = [number for number, page in enumerate(pages, 1) if page.is_quick]
    return page_list(numbers) if numbers else ""
