"""One line of a device, read as a command: what old firmware writes, and what is meant by it (RFC 5321 section 4.1).

Far more is taken than the RFC allows. What could name two recipients is not: the second would be lost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

_SPACES: Final = re.compile(r"[ \t]+")
_KEYWORDS: Final = {
    "FROM": re.compile(r"FROM[ \t]*:?[ \t]*", re.IGNORECASE),
    "TO": re.compile(r"TO[ \t]*:?[ \t]*", re.IGNORECASE),
}
_QUOTED: Final = r'"(?:\\.|[^"\\])*"'
_BRACKETED: Final = re.compile(rf'(?:{_QUOTED}|[^<"])*<(?P<path>(?:{_QUOTED}|[^<>"])*)>(?P<rest>.*)')
_SEVERAL: Final = re.compile(r'[,;]|@[^"]*@')


@dataclass(frozen=True, slots=True)
class Command:
    """A verb in capitals, and what follows it; a blank line has neither."""

    verb: str
    argument: str


@dataclass(frozen=True, slots=True)
class Path:
    """What MAIL or RCPT names: an address, empty for the null path, and the parameters behind it."""

    address: str
    parameters: tuple[str, ...]


def command_of(line: bytes) -> Command:
    """Return the command of a line, whatever it ends with.

    NULs are left out: firmware sends the end of its strings along. Bytes beyond ASCII are kept (surrogateescape).
    """
    text = line.replace(b"\0", b"").decode("utf-8", "surrogateescape").strip(" \t\r\n")
    verb, *rest = _SPACES.split(text, maxsplit=1)
    return Command(verb.upper(), "".join(rest))


def path_of(argument: str, keyword: Literal["FROM", "TO"]) -> Path | None:
    """Return what the argument of MAIL or RCPT names; None when that cannot be told, or may be several.

    Understood are a display name before the address, spaces around it, no brackets, a source route (RFC 5321 appendix
    C: to be ignored).
    """
    found = _KEYWORDS[keyword].match(argument)
    if found is None:
        return None
    text = argument[found.end() :]
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed is not None:
        path, rest = bracketed["path"], bracketed["rest"]
        if rest[:1] not in {"", " ", "\t"}:
            return None
    else:
        path, *parts = _SPACES.split(text, maxsplit=1)
        path, rest = path.removeprefix("<").removesuffix(">"), "".join(parts)
    if path.startswith("@") and ":" in path:
        path = path.partition(":")[2]
    parameters = tuple(_SPACES.split(rest.strip())) if rest.strip() else ()
    has_more = any("@" in one and "=" not in one for one in parameters)
    if has_more or (not path.startswith('"') and _SEVERAL.search(path)):
        return None
    return Path(path.strip(), parameters)


def declared_size(parameters: Sequence[str]) -> int:
    """Return the size in bytes that MAIL declares (RFC 1870), 0 when it declares none."""
    declared = next((one[5:] for one in parameters if one.upper().startswith("SIZE=")), "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0
