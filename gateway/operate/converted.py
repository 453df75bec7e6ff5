"""What the command ``convert`` tells of a finished document, to a person and to a program."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image.notes import quick_pages

if TYPE_CHECKING:
    from image.document import Document


@dataclass(frozen=True, slots=True)
class Output:
    """One PDF that was written: the number of its first page in the scan (from 1), and how many it has."""

    path: Path
    first_page: int
    page_count: int
    size_bytes: int


def outputs(document: "Document", output: Path) -> tuple[Output, ...]:
    """What is to be written: ``output`` itself, or ``OUTPUT-1.pdf``, ``OUTPUT-2.pdf`` … for the parts of a split."""
    if not document.parts:
        return (Output(output, 1, len(document.pages), document.size_bytes),)
    return tuple(
        Output(numbered(output, number), part.first_page, part.page_count, part.size_bytes)
        for number, part in enumerate(document.parts, 1)
    )


def numbered(output: Path, number: int) -> Path:
    """The name of a part."""
    return output.with_stem(f"{output.stem}-{number}")


def report(
    document: "Document",
    sources: Mapping[Path, int],
    written: Sequence[Output],
    digests: Sequence[str],
    older: Sequence[Path],
) -> dict[str, Any]:
    """The report of a success, for ``--json``. ``sources``: their sizes in bytes, in the order of their pages.

    ``digests`` are those of the files ``written``: SHA-256, in hex.
    """
    return {
        "output": None if document.parts else str(written[0].path),
        "outputs": [
            {**asdict(one), "path": str(one.path), "sha256": digest}
            for one, digest in zip(written, digests, strict=True)
        ],
        "size_bytes": sum(one.size_bytes for one in written),
        "sources": [{"path": str(path), "size_bytes": size_bytes} for path, size_bytes in sources.items()],
        "pages": [asdict(page) for page in document.pages],
        "notes": list(document.notes),
        "plain_because": document.plain_because,
        "is_untouched": document.is_untouched,
        "older": [str(path) for path in older],
    }


def refusal(fault: str, sentence: str) -> dict[str, Any]:
    """The report of a failure: ``fault`` is a kind of refusal, or ``local`` when this machine is at fault."""
    return {"output": None, "outputs": [], "fault": fault, "sentence": sentence}


def lines(document: "Document", written: Sequence[Output], older: Sequence[Path]) -> list[str]:
    """The lines of a success, for a person: what was written, and what is to be known of it."""
    count = len(document.pages)
    if document.parts:
        said = [f"{one.path}: {_pages(one)} of {count}, {one.size_bytes} bytes" for one in written]
    else:
        said = [f"{written[0].path}: {count} page{'' if count == 1 else 's'}, {written[0].size_bytes} bytes"]
    said += [f"note: {note}" for note in document.notes]
    if document.plain_because:
        said.append(f"note: This is no PDF/A: {document.plain_because}.")
    if quick := quick_pages(document.pages):
        said.append(f"note: The pictures of {quick} were looked at by their ends alone, because there are so many.")
    return said + [f"note: {path} was there before, and is no part of this." for path in older]


def _pages(one: Output) -> str:
    last = one.first_page + one.page_count - 1
    return f"page {last}" if one.page_count == 1 else f"pages {one.first_page} to {last}"
