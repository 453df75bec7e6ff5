"""The SPF record a domain should publish: what it publishes already, and what this box needs (RFC 7208)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

MICROSOFT: Final = "include:spf.protection.outlook.com"
_VERSION: Final = "v=spf1"
_LOOKUPS: Final = 10  # RFC 7208 section 4.6.4
_STRING_BYTES: Final = 255  # RFC 1035 section 3.3
_RECORD_BYTES: Final = 450  # RFC 7208 section 3.4: more may not fit into one answer by UDP
_ASKING: Final = frozenset({"include", "a", "mx", "ptr", "exists"})
_KNOWN: Final = _ASKING | {"all", "ip4", "ip6"}
_MODIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*=")


@dataclass(frozen=True, slots=True)
class Merged:
    """The record to publish, and what a person should know of it. ``is_as_published``: nothing has to change."""

    record: str
    remarks: tuple[str, ...]
    is_as_published: bool = False


def merge_spf(texts: Sequence[str], ip: str | None) -> Merged:
    """Return the record for a domain with these TXT records, so that Exchange and this address may send for it.

    ``ip`` is the site's public address, or any text that stands for it while it is not known; None where the box logs
    in at Exchange, which then sends. What is published stays, in its order; ours stands before what ends the search.
    """
    found = [text for text in texts if _is_spf(text)]
    remarks: list[str] = []
    if len(found) > 1:
        remarks.append(
            f"The domain publishes {len(found)} SPF records. Receivers take that for an error and for none of them"
            " (permerror, RFC 7208 section 4.5): remove them all and publish this one."
        )
    terms = _joined(found)
    before = list(terms)
    if ip is not None and not _covers(terms, ip):
        terms.insert(0, _address(ip))
    if not any(_is_microsoft(term) for term in terms):
        terms.insert(_end_of_search(terms), MICROSOFT)
    if not any(_name(term) in {"all", "redirect"} for term in terms):
        terms.append("~all")
    terms = list(dict.fromkeys(terms))  # what stood behind the end of the search, in vain, stands before it now
    remarks += _remarks(terms)
    return Merged(" ".join((_VERSION, *terms)), tuple(remarks), len(found) == 1 and terms == before)


def strings(record: str) -> tuple[str, ...]:
    """Return a record as the strings of a TXT record, each of 255 bytes at most; receivers join them as they are."""
    data = record.encode("utf-8", "surrogateescape")
    cut = [data[begin : begin + _STRING_BYTES] for begin in range(0, len(data), _STRING_BYTES)]
    return tuple(part.decode("utf-8", "replace") for part in cut)


def _is_spf(text: str) -> bool:
    return text.lower().split(" ")[0] == _VERSION


def _joined(records: Sequence[str]) -> list[str]:
    """Return the terms of all records, each once; what ends the search once, at the end, as the first record has it."""
    terms = list(dict.fromkeys(term for record in records for term in record.split()[1:]))
    if len(records) < 2:  # noqa: PLR2004  one record stays as it is
        return terms
    ends = [term for term in terms if _name(term) in {"all", "redirect"}]
    return [term for term in terms if term not in ends] + ends[:1]


def _name(term: str) -> str:
    """Return the name of a mechanism or modifier, in small letters."""
    return re.split(r"[:=/]", term.lstrip("+-~?"), maxsplit=1)[0].lower()


def _end_of_search(terms: Sequence[str]) -> int:
    return next((place for place, term in enumerate(terms) if _name(term) in {"all", "redirect"}), len(terms))


def _is_microsoft(term: str) -> bool:
    return term.lower().lstrip("+").rstrip(".") in {MICROSOFT, "redirect=spf.protection.outlook.com"}


def _address(ip: str) -> str:
    try:
        return f"ip{ip_address(ip).version}:{ip}"
    except ValueError:
        return f"ip4:{ip}"


def _covers(terms: Sequence[str], ip: str) -> bool:
    """Tell whether a term before the end lets this address send; a text that is no address has to stand there."""
    for term in terms[: _end_of_search(terms)]:
        name, _, value = term.lstrip("+").partition(":")
        if name.lower() not in {"ip4", "ip6"}:
            continue
        try:
            if ip_address(ip) in ip_network(value, strict=False):
                return True
        except ValueError:
            if value == ip:
                return True
    return False


def _remarks(terms: Sequence[str]) -> list[str]:
    asked = sum(_name(term) in _ASKING or term.lower().startswith("redirect=") for term in terms)
    ends = terms[_end_of_search(terms) :]
    unknown = [term for term in terms if _name(term) not in _KNOWN and not _MODIFIER.match(term)]
    remarks: list[str] = []
    if asked > _LOOKUPS:
        remarks.append(
            f"It asks for {asked} lookups, and receivers give up after {_LOOKUPS} (permerror, RFC 7208 section 4.6.4):"
            " replace some include, a or mx by ip4."
        )
    elif sum(_name(term) in {"include", "redirect"} for term in terms) > 1:
        remarks.append(
            f"It asks for {asked} lookups, and the records that it includes for more: {_LOOKUPS} are allowed in all."
        )
    if unknown:
        remarks.append(f"Receivers know no {', '.join(unknown)} and take the whole record for an error: correct it.")
    if any(term.lower().startswith("redirect=") for term in terms) and any(_name(term) == "all" for term in terms):
        remarks.append("Its redirect= counts for nothing beside all (RFC 7208 section 6.1).")
    if any(term.lower() == "-all" for term in ends):
        remarks.append(
            "It ends in -all, which stays; Microsoft advises ~all where a device sends from an address of its own."
        )
    if any(term.lower() in {"all", "+all"} for term in ends):
        remarks.append("It ends in +all: anybody may send as this domain. Make it ~all.")
    if len(ends) > 1 and _name(ends[0]) == "all" and any(_name(term) in _KNOWN for term in ends[1:]):
        remarks.append(f"What stands behind {ends[0]} counts for nothing.")
    size_bytes = len(" ".join((_VERSION, *terms)).encode("utf-8", "surrogateescape"))
    if size_bytes > _RECORD_BYTES:
        remarks.append(f"It has {size_bytes} bytes; above {_RECORD_BYTES} the answer may not fit into one packet.")
    return remarks
