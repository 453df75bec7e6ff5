"""PowerShell as text: values quoted so that none of them can become a command."""

import textwrap
from collections.abc import Iterable
from typing import Final

# PowerShell takes the typographic marks for the plain one, as opening and as closing (about_Quoting_Rules).
_SINGLE_QUOTES: Final = "'\u2018\u2019\u201a\u201b"
_WIDTH: Final = 110


def quoted(text: str) -> str:
    """Return text as a literal string: each single quote doubled, control characters left out."""
    shown = "".join(char for char in text if char.isprintable())
    return "'" + "".join(char * 2 if char in _SINGLE_QUOTES else char for char in shown) + "'"


def listed(texts: Iterable[str]) -> str:
    """Return texts as a comma-separated list of literal strings."""
    return ", ".join(map(quoted, texts))


def comment(text: str) -> str:
    """Return text as one line of comment; what is not printable, and could end the line, is a space."""
    return f"# {''.join(char if char.isprintable() else ' ' for char in text)}"


def prose(text: str) -> list[str]:
    """Return sentences as lines of comment of a readable length."""
    return [comment(line) for line in textwrap.wrap(text, _WIDTH, break_on_hyphens=False, break_long_words=False)]
