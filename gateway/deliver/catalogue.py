"""The reply catalogue: what stands in ``replies.toml``, checked, with its sentences compiled.

Read at the first reply that is no success, and kept: a box on which all goes well never pays for it.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from gateway.spool.reply import Phase, Scope

_Member = TypeVar("_Member", bound=StrEnum)

PATH: Final = Path(__file__).with_name("replies.toml")

_STATUS: Final = re.compile(r"<([^<>]+)>")
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TEXTS: Final = ("meaning", "source", "scope", "retry")


class CatalogueError(Exception):
    """The catalogue cannot be read; the sentence names file, entry and key."""


class Retry(StrEnum):
    """When what was refused is tried again; ``replies.toml`` has the seconds and the sentences."""

    NOW = "now"
    SPLIT = "split"
    THROTTLE = "throttle"
    EASE = "ease"
    SLOW = "slow"
    DAY = "day"
    HOUR = "hour"
    STOP = "stop"
    NO = "no"


class Kind(StrEnum):
    """The table an entry stands in: replies of a smarthost, sentences of the token endpoint, rules for the unknown."""

    REPLY = "reply"
    TOKEN = "token"  # noqa: S105  no secret
    RULE = "rule"


class Rule(StrEnum):
    """The entries for what no sentence knows; ``replies.py`` says which of them is for what."""

    CLOSING = "service-closing"
    BEFORE_RECIPIENTS = "unknown-before-recipients"
    BEFORE_MAIL_PASSING = "unknown-before-mail-passing"
    RECIPIENT = "unknown-recipient"
    RECIPIENT_PASSING = "unknown-recipient-passing"
    MESSAGE = "unknown-message"
    MESSAGE_PASSING = "unknown-message-passing"
    TOKEN = "unknown-token"  # noqa: S105  no secret


@dataclass(frozen=True, slots=True)
class Entry:
    """One meaning: the sentences it is known by, whom it concerns, when it is tried again, and words for a person.

    ``phases`` are where it is known from; ``is_only_there`` keeps it from being looked for elsewhere. ``advice`` is
    empty when there is nothing to do.
    """

    id: str
    kind: Kind
    pattern: re.Pattern[str] | None
    replies: tuple[str, ...]
    phases: tuple[Phase, ...]
    is_only_there: bool
    scope: Scope
    retry: Retry
    pause_s: float
    meaning: str
    advice: str
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries in their order, and what each retry means: the first pause in seconds, and a sentence by scope."""

    entries: tuple[Entry, ...]
    pauses_s: Mapping[Retry, float]
    sentences: Mapping[tuple[Retry, Scope], str]

    def of(self, kind: Kind) -> tuple[Entry, ...]:
        """Return the entries of one table, in their order."""
        return tuple(entry for entry in self.entries if entry.kind is kind)

    def entry(self, entry_id: str) -> Entry | None:
        """Return the entry of this id."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)


@functools.cache
def catalogue() -> Catalogue:
    """Return the catalogue of this installation. Raises CatalogueError."""
    try:
        text = PATH.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{PATH}: cannot be read ({error}); install scangate again") from error
    return read(text, str(PATH))


def read(text: str, name: str) -> Catalogue:
    """Return what a catalogue says. Raises CatalogueError, in which ``name`` is its file."""
    import tomllib

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{name}: {error}") from error
    try:
        return _catalogue(tables)
    except CatalogueError as error:
        raise CatalogueError(f"{name}: {error}") from error


def _catalogue(tables: Mapping[str, object]) -> Catalogue:
    if unknown := tables.keys() - {"source", "retry", *Kind}:
        raise CatalogueError(f"no such table: {', '.join(sorted(unknown))}")
    sources = {key: _text(value, f"[source] {key}") for key, value in _table(tables, "source").items()}
    pauses_s, sentences = _retries(_table(tables, "retry"))
    entries = tuple(_entry(kind, row, sources, pauses_s) for kind in Kind for row in _rows(tables, kind))
    for entry in entries:
        if (entry.retry, entry.scope) not in sentences:
            raise CatalogueError(f"{entry.id}: [retry.{entry.retry}] has no sentence for scope {entry.scope}")
    ids = [entry.id for entry in entries]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise CatalogueError(f"id twice: {', '.join(twice)}")
    if {entry.id for entry in entries if entry.kind is Kind.RULE} != set(Rule):
        raise CatalogueError(f"[[rule]] must have exactly the ids {', '.join(Rule)}")
    return Catalogue(entries, pauses_s, sentences)


def _retries(retries: Mapping[str, object]) -> tuple[dict[Retry, float], dict[tuple[Retry, Scope], str]]:
    """Return the first pause of each retry, and its sentences by scope."""
    pauses_s: dict[Retry, float] = {}
    sentences: dict[tuple[Retry, Scope], str] = {}
    for key in retries:
        retry, where = _member(Retry, key, "[retry]"), f"[retry.{key}]"
        for field, value in _table(retries, key).items():
            if field == "pause_s":
                pauses_s[retry] = _seconds(value, where)
            else:
                sentences[retry, _member(Scope, field, where)] = _text(value, f"{where} {field}")
    if missing := [retry.value for retry in Retry if retry not in pauses_s]:
        raise CatalogueError(f"[retry] has no pause_s for {', '.join(missing)}")
    if (Retry.NO, Scope.ROUTE) in sentences:
        raise CatalogueError("[retry.no] route: nothing may fail for a fault of the route")
    return pauses_s, sentences


def _entry(kind: Kind, row: Mapping[str, object], sources: Mapping[str, str], pauses_s: Mapping[Retry, float]) -> Entry:
    entry_id = row.get("id")
    if not isinstance(entry_id, str) or not _ID.fullmatch(entry_id):
        raise CatalogueError(f"[[{kind}]] id: {entry_id!r} is not of small letters, digits and hyphens")
    keys = {"id", "advice", *_TEXTS, *(() if kind is Kind.RULE else ("when", "replies"))}
    keys |= {"phases", "only_there"} if kind is Kind.REPLY else set()
    if unknown := row.keys() - keys:
        raise CatalogueError(f"{entry_id}: no such key: {', '.join(sorted(unknown))}")
    texts = {key: _text(row.get(key), f"{entry_id} {key}") for key in _TEXTS}
    advice = row.get("advice")
    if not isinstance(advice, str):
        raise CatalogueError(f"{entry_id} advice: must be a text, if only an empty one")
    if texts["source"] not in sources:
        raise CatalogueError(f"{entry_id} source: {texts['source']!r} is not in [source]")
    is_only_there = row.get("only_there", False)
    if not isinstance(is_only_there, bool):
        raise CatalogueError(f"{entry_id} only_there: must be true or false")
    retry = _member(Retry, texts["retry"], f"{entry_id} retry")
    phases = _texts(row, "phases", entry_id) if kind is Kind.REPLY else ()
    return Entry(
        id=entry_id,
        kind=kind,
        pattern=None if kind is Kind.RULE else _pattern(_texts(row, "when", entry_id), entry_id),
        replies=() if kind is Kind.RULE else _texts(row, "replies", entry_id),
        phases=tuple(_member(Phase, phase, f"{entry_id} phases") for phase in phases),
        is_only_there=is_only_there,
        scope=_member(Scope, texts["scope"], f"{entry_id} scope"),
        retry=retry,
        pause_s=pauses_s[retry],
        meaning=texts["meaning"],
        advice=advice,
        source=sources[texts["source"]],
    )


def _pattern(sentences: tuple[str, ...], entry_id: str) -> re.Pattern[str]:
    """Return the sentences as one pattern, ``<5.1.1>`` for that status code alone: not 5.1.10, nor part of an IP."""
    escaped = (
        _STATUS.sub(lambda found: rf"(?<![\d.]){found[1].replace('.', chr(92) + '.')}(?![\d.])", sentence)
        for sentence in sentences
    )
    try:
        return re.compile("|".join(f"(?:{one})" for one in escaped), re.IGNORECASE)
    except re.error as error:
        raise CatalogueError(f"{entry_id} when: not a regular expression ({error})") from error


def _table(tables: Mapping[str, object], key: str) -> dict[str, object]:
    table = tables.get(key)
    if not isinstance(table, dict):
        raise CatalogueError(f"[{key}] is missing, or not a table")
    return table


def _rows(tables: Mapping[str, object], kind: Kind) -> list[dict[str, object]]:
    rows = tables.get(kind.value)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise CatalogueError(f"[[{kind}]] is missing, or not a list of tables")
    return rows


def _texts(row: Mapping[str, object], key: str, entry_id: str) -> tuple[str, ...]:
    values = row.get(key)
    if not isinstance(values, list) or not values:
        raise CatalogueError(f"{entry_id} {key}: must be a list of texts, and not empty")
    return tuple(_text(value, f"{entry_id} {key}") for value in values)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise CatalogueError(f"{where}: must be a text, and not empty")
    return value


def _seconds(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 3600:  # noqa: PLR2004
        raise CatalogueError(f"{where} pause_s: must be seconds from 0 to 3600, the longest rest of an upstream")
    return float(value)


def _member(members: type[_Member], value: str, where: str) -> _Member:
    try:
        return members(value)
    except ValueError:
        raise CatalogueError(f"{where}: {value!r} is none of {', '.join(members)}") from None
