"""What a reply means that somebody pasted: from a log, a bounce, or a printer's panel; and the whole catalogue."""

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from gateway.deliver.catalogue import Catalogue, Entry, Kind, Retry, Rule
from gateway.deliver.replies import judge, token_entry
from gateway.spool.reply import Phase, Reply, Scope

LONGEST_CHARS: Final = 20_000
"""More than this of a pasted text is not looked through for a reply."""

_REPLY_CHARS: Final = 1000
"""So much of a reply is compared, as in the delivery (``session.py``)."""

_WIDTH: Final = 80
_LABEL: Final = 11

# RFC 5321 section 4.2 and RFC 3463: code and status; a status alone, as panels show it; a code before words.
_CODED: Final = re.compile(r"(?<![\w.])([45]\d\d)\W{1,4}([245]\.\d{1,3}\.\d{1,3})(?![\w.]*\d)", re.ASCII)
_STATUS: Final = re.compile(r"(?<![\w.])([45])\.\d{1,3}\.\d{1,3}(?![\w.]*\d)", re.ASCII)
_BARE: Final = re.compile(r"(?<![\w.:/-])([45]\d\d)(?![\w./]|:\S)", re.ASCII)
_SUCCESS: Final = re.compile(r"2\d\d(?![\w.:/])", re.ASCII)
_NAMED: Final = re.compile(r"""(?<!\w)reply["']?[=:] ?["']?([a-z][a-z0-9-]*)""", re.ASCII)
"""An entry's id as a line of our own log names it, as text or as JSON."""
_LINE: Final = re.compile(r"([245]\d\d)([- ])(?:[245]\.\d{1,3}\.\d{1,3} )?", re.ASCII)

_STEPS: Final = {
    Phase.CONNECT: "the connection",
    Phase.STARTTLS: "STARTTLS",
    Phase.AUTH: "the login",
    Phase.MAIL: "the sender (MAIL)",
    Phase.RCPT: "a recipient (RCPT)",
    Phase.DATA: "DATA",
    Phase.END: "the whole message",
}
_WHOM: Final = {
    Scope.ROUTE: "the upstream, and so everybody's scans on it",
    Scope.MESSAGE: "this scan",
    Scope.RECIPIENT: "this recipient of the scan",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What it means when it answers one of these steps; no steps: the token endpoint said it, or none was named."""

    entry: Entry
    phases: tuple[Phase, ...]
    scope: Scope
    retry: Retry


@dataclass(frozen=True, slots=True)
class Explained:
    """What was read in a text, and its meanings: several when they hang on the step. None: it says success."""

    said: str
    meanings: tuple[Meaning, ...]


def explain(known: Catalogue, text: str, phase: Phase | None = None) -> Explained | None:
    """Return what a pasted text means; None when there is no reply in it, nor a sentence that the catalogue knows."""
    if entry := known.entry(text.strip()):
        return _told(entry)
    flat = _flat(text[:LONGEST_CHARS])
    if "AADSTS" in flat:
        token = token_entry(known, flat) or known.entry(Rule.TOKEN)
        said = flat[max(flat.index("AADSTS") - 100, 0) :][:_REPLY_CHARS]
        return None if token is None else Explained(said, (Meaning(token, (), token.scope, token.retry),))
    candidates = _candidates(flat)
    for said, reply in candidates:
        meanings = _meanings(known, reply, phase)
        if any(meaning.entry.kind is Kind.REPLY for meaning in meanings):
            return Explained(said, meanings)
    if (named := _NAMED.search(flat)) and (entry := known.entry(named[1])):
        return _told(entry)
    if any(pattern.search(flat) for pattern in (_CODED, _STATUS, _BARE)):
        said, reply = candidates[0]
        return Explained(said, _meanings(known, reply, phase))
    return Explained(flat[:_REPLY_CHARS], ()) if _SUCCESS.match(flat) else None


def _told(entry: Entry) -> Explained:
    """Return an entry that was asked for by its id."""
    return Explained(" / ".join(entry.replies), (Meaning(entry, entry.phases, entry.scope, entry.retry),))


def _flat(text: str) -> str:
    """Return a text as one printable line, without the code before each further line of a reply (RFC 5321 4.2.1)."""
    parts: list[str] = []
    code = ""
    for line in map(str.strip, text.splitlines()):
        found = _LINE.match(line)
        parts.append(line[found.end() :] if found and found[1] == code else line)
        code = found[1] if found and found[2] == "-" else ""
    return " ".join("".join(char if char.isprintable() else " " for char in " ".join(parts)).split())


def _candidates(flat: str) -> list[tuple[str, Reply]]:
    """Return what may be the reply in a text, as it stands there and as one, the likeliest first.

    A text without a code is tried as both kinds of refusal.
    """
    if found := _CODED.search(flat):
        code, rest = int(found[1]), flat[found.start(2) :]
    elif found := _STATUS.search(flat):
        code, rest = int(found[1]) * 100 + 50, flat[found.start() :]
    elif found := _BARE.search(flat):
        code, rest = int(found[1]), flat[found.end() :].lstrip(" -:")
    else:
        whole = flat[:_REPLY_CHARS]
        return [(whole, Reply(550, whole)), (whole, Reply(450, whole))]
    said, whole = flat[found.start() :][:_REPLY_CHARS], flat[:_REPLY_CHARS]
    return [(said, Reply(code, rest[:_REPLY_CHARS])), (whole, Reply(code, whole))]


def _meanings(known: Catalogue, reply: Reply, phase: Phase | None) -> tuple[Meaning, ...]:
    """Return the meanings at the step, or without one at all the steps that the reply is known from, else at all."""
    steps: dict[tuple[str, Scope, Retry], list[Phase]] = {}
    entries: dict[str, Entry] = {}
    for step in Phase if phase is None else (phase,):
        found = judge(known, step, reply)
        entries[found.entry.id] = found.entry
        steps.setdefault((found.entry.id, found.scope, found.retry), []).append(step)
    meanings = tuple(Meaning(entries[key[0]], tuple(at), key[1], key[2]) for key, at in steps.items())
    if phase is not None:
        return meanings
    usual = (
        Meaning(one.entry, tuple(step for step in one.phases if step in one.entry.phases), one.scope, one.retry)
        for one in meanings
    )
    return tuple(one for one in usual if one.phases) or meanings


def does(known: Catalogue, meaning: Meaning) -> str:
    """Return what scangate does."""
    return known.sentences[meaning.retry, meaning.scope]


def as_json(known: Catalogue, meaning: Meaning) -> dict[str, Any]:
    """Return a meaning as a JSON object; ``is_known`` is false for the rules."""
    entry = meaning.entry
    return {
        "id": entry.id,
        "is_known": entry.kind is not Kind.RULE,
        "steps": [phase.value for phase in meaning.phases],
        "scope": meaning.scope.value,
        "retry": meaning.retry.value,
        "pause_s": known.pauses_s[meaning.retry],
        "meaning": entry.meaning,
        "does": does(known, meaning),
        "advice": entry.advice,
        "replies": list(entry.replies),
        "source": entry.source,
    }


def lines(known: Catalogue, explained: Explained) -> list[str]:
    """Return the lines for a terminal, 80 columns wide."""
    shown = _labelled("Reply", explained.said)
    if not explained.meanings:
        return [*shown, *_labelled("Meaning", "A success: the smarthost did what it was asked to.")]
    for meaning in explained.meanings:
        shown += ["", *_lines_of(known, meaning)] if len(explained.meanings) > 1 else _lines_of(known, meaning)
    return shown


def _lines_of(known: Catalogue, meaning: Meaning) -> list[str]:
    entry = meaning.entry
    is_rule = entry.kind is Kind.RULE
    told = {
        "Said to": ", ".join(_STEPS[phase] for phase in meaning.phases),
        "Known as": "" if is_rule else entry.id,
        "Unknown": f"no entry of the catalogue knows it; by the rule {entry.id}:" if is_rule else "",
        "Meaning": entry.meaning,
        "Concerns": _WHOM[meaning.scope],
        "scangate": does(known, meaning),
        "To do": entry.advice or ("Read what it says: scangate knows no more." if is_rule else "Nothing."),
        "Source": entry.source,
    }
    return [line for label, text in told.items() if text for line in _labelled(label, text)]


def listing(known: Catalogue) -> list[str]:
    """Return the lines of the whole catalogue, in its order."""
    shown: list[str] = []
    for entry in known.entries:
        told = ("    " + text for text in (*entry.replies, entry.meaning))
        shown += [f"{entry.id}  ({entry.scope.value}, {entry.retry.value})", *_wrapped(told, "      ")]
    return shown


def _labelled(label: str, text: str) -> list[str]:
    return _wrapped([f"{label + ':':<{_LABEL}}{text}"], " " * _LABEL)


def _wrapped(texts: Iterable[str], indent: str) -> list[str]:
    wrap = textwrap.TextWrapper(_WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    return [line for text in texts for line in wrap.wrap(text)]
