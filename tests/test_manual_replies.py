"""OPERATIONS.md shows the reply catalogue as it is."""

import itertools
from pathlib import Path
from typing import Final

from gateway.deliver.catalogue import Entry, Kind, catalogue

ROOT: Final = Path(__file__).resolve().parent.parent
SHOWN_CHARS: Final = 90
KNOWN: Final = catalogue()


def _section() -> str:
    text = (ROOT / "OPERATIONS.md").read_text(encoding="utf-8")
    return text.partition("\n## Replies of Office 365\n")[2].partition("\n## ")[0]


def _tables() -> list[list[str]]:
    """The rows of each table of the section, without its head."""
    lines = _section().splitlines()
    groups = itertools.groupby(lines, key=lambda line: line.startswith("|"))
    return [list(rows)[2:] for is_table, rows in groups if is_table]


def _short(said: str) -> str:
    return f"`{said}`" if len(said) <= SHOWN_CHARS else f"`{said[: SHOWN_CHARS - 1].rstrip()}…`"


def _row(entry: Entry) -> str:
    cells = (
        f"`{entry.id}`",
        "<br>".join(_short(said) for said in entry.replies),
        entry.meaning,
        f"{entry.scope.value}, {entry.retry.value}",
        entry.advice or "Nothing.",
    )
    return f"| {' | '.join(cell for cell in cells if cell)} |"


def _handling() -> list[str]:
    return [f"| {scope.value}, {retry.value} | {said} |" for (retry, scope), said in KNOWN.sentences.items()]


def _rule(entry: Entry) -> str:
    return f"| `{entry.id}` | {entry.meaning} | {entry.scope.value}, {entry.retry.value} |"


def test_the_table_of_replies_is_the_catalogue():
    """Every entry has its row, in the catalogue's order and words, and no row is without an entry."""
    handling, replies, tokens, rules, *_ = _tables()
    assert handling == _handling()
    assert replies == [_row(entry) for entry in KNOWN.of(Kind.REPLY)]
    assert tokens == [_row(entry) for entry in KNOWN.of(Kind.TOKEN)]
    assert rules == [_rule(entry) for entry in KNOWN.of(Kind.RULE)]
