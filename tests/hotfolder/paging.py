"""A share under watch that puts pages together."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from tests.hotfolder.samples import pdf
from tests.hotfolder.watching import Watching, until

GAP_S = 0.6
PAGES = [pdf(100 + number) for number in range(12)]


def sharing(root: Path, batch: Literal["sequence", "folder"], gap_s: float = GAP_S) -> Watching:
    """A share that puts pages together."""
    watching = Watching(root)
    watching.share = replace(watching.share, batch=batch, page_gap=gap_s)
    watching.with_folders = batch == "folder"
    return watching


def names_of(watching: Watching) -> list[list[str]]:
    """The names of each scan's files, in order."""
    return [[file.path.name for file in arrival.files] for arrival in watching.arrivals]


def doc(number: int) -> str:
    """A page's name."""
    return f"Doc_{number:04d}.pdf"


async def settled(watching: Watching) -> None:
    """Wait for two looks to have begun after now."""
    for _ in range(2):
        watching.wake.set()
        await until(lambda: not watching.wake.is_set())
