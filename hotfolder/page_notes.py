"""The sentences about pages that are missing from a scan, or are in another mail."""

from collections.abc import Mapping, Sequence
from typing import Final

from hotfolder.names import display_name, split_key
from hotfolder.numbering import Numbered

_NAMED: Final = 5
"""Most files that are named one by one."""
_LOST: Final = "could not be taken, and is missing"
_REPLACED: Final = "was replaced by another scan before it could be taken, and is missing"
_AFTER: Final = "after the last page of this mail"
_BEFORE: Final = "before the first page of this mail"


def missing_after(last: Numbered, first: Numbered) -> str:
    """Say that numbers lack between the last page of this mail and the first one of another."""
    return f"{_missing(last, first)} {_AFTER}; the pages that follow are in another mail."


def missing_before(last: Numbered, first: Numbered) -> str:
    """Say that numbers lack between the last page of another mail and the first one of this mail."""
    return f"{_missing(last, first)} {_BEFORE}; the pages before it are in another mail."


def lost_after(last: Numbered) -> str:
    """Say that the page after the last one of this mail cannot be taken."""
    return f"{_page(last, last.index + 1)} {_LOST} {_AFTER}."


def lost_before(first: Numbered) -> str:
    """Say that the page before the first one of this mail cannot be taken."""
    return f"{_page(first, first.index - 1)} {_LOST} {_BEFORE}."


def replaced_after(last: Numbered) -> str:
    """Say that the page after the last one of this mail was written over."""
    return f"{_page(last, last.index + 1)} {_REPLACED} {_AFTER}."


def replaced_before(first: Numbered) -> str:
    """Say that the page before the first one of this mail was written over."""
    return f"{_page(first, first.index - 1)} {_REPLACED} {_BEFORE}."


def cut_after(files: int) -> str:
    """Say that a scan was too long for one mail."""
    return f"The scan was cut after {files} files; what came after them is in another mail."


def goes_on(files: int) -> str:
    """Say that this mail is the rest of a scan."""
    return f"This is the rest of a scan that was cut after {files} files; they are in another mail."


def waiting(awaited: str) -> str:
    """Return the clause why a finished page is not taken; the same however many there are, so that it is told once.

    ``awaited``: the key of a page that is not finished.
    """
    return f"its scan waits for {_shown(awaited)}, which is not finished"


def _missing(last: Numbered, first: Numbered) -> str:
    low, high = last.index + 1, first.index - 1
    if low == high:
        return f"{_page(last, low)} seems to be missing"
    return f"Pages {low} to {high} ({_name(last, low)} to {_name(last, high)}) seem to be missing"


def _page(number: Numbered, index: int) -> str:
    return f"Page {index} ({_name(number, index)})"


def _name(number: Numbered, index: int) -> str:
    return _shown(number.name_of(index))


def _shown(key: str) -> str:
    return display_name(split_key(key)[1])


def lost_of_folder(names: Sequence[str]) -> str:
    """Say which files of a folder cannot be taken."""
    return f"{_listed(names)} could not be taken, and {_are(names)} missing from this mail."


def unfinished(names: Sequence[str]) -> str:
    """Say which uploads beside the pages were waited for in vain."""
    was = "was" if len(names) == 1 else "were"
    return f"{_listed(names)} {was} not finished in time, and {_are(names)} missing from this mail."


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: Sequence[str]) -> str:
    shown = [display_name(name) for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def left_out(strange: Mapping[str, str]) -> list[str]:
    """Say what else in a folder was not taken, by name and with a clause why."""
    notes = [f"{display_name(name)} was not taken: {reason}." for name, reason in list(strange.items())[:_NAMED]]
    more = len(strange) - _NAMED
    return [*notes, f"{more} more {'was' if more == 1 else 'were'} not taken."] if more > 0 else notes


def folder_waits(awaited: str) -> str:
    """Return the clause why the files of a folder are not taken; ``awaited`` is a key."""
    return f"its files wait for {_shown(awaited)}, which is not finished"
