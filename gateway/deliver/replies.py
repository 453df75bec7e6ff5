"""What a smarthost's reply means: receipt, deferral or refusal, for whom, and what a person should do.

Exchange Online's replies cannot be told by their first digit: some 4xx never clear, some 5xx concern the route and not
the message. So the sentence decides first, by the entries of ``replies.toml``, then the step of the dialogue.
"""

import re
from dataclasses import dataclass
from typing import Final

from gateway.deliver.catalogue import Catalogue, CatalogueError, Entry, Kind, Retry, Rule, catalogue
from gateway.spool.reply import Deferral, Phase, Refusal, Reply, Scope

CONFIGURED_S: Final = 900.0
"""A fault of configuration or login: probed after 15 minutes, then more slowly. That of ``slow`` in the catalogue."""

LOCKOUT_S: Final = 3600.0
"""A wrong password: an hour, since repeats lock the account. That of ``stop`` in the catalogue."""

_ADDRESS: Final = re.compile(r"\S+@\S+")
_REPLY: Final = re.compile(r"(\d{3})[ -](.*)", re.DOTALL)
_BEFORE_MAIL: Final = frozenset({Phase.CONNECT, Phase.STARTTLS, Phase.AUTH})


@dataclass(frozen=True, slots=True)
class Judgement:
    """An entry at a step: whom the reply concerns there, and when it is tried again; the entry says it in general."""

    entry: Entry
    scope: Scope
    retry: Retry


def classify(phase: Phase, reply: Reply) -> Deferral | Refusal:
    """Return what a reply other than success means; every reply has a meaning.

    What no entry knows: 421 is of the route (RFC 5321 section 3.8); at connect, STARTTLS and login all, at MAIL a 5xx,
    is a fault of the route; after RCPT of the recipient; else of the message; 4xx or nonsense is temporary.
    """
    said = str(reply)
    try:
        known = catalogue()
    except CatalogueError as error:
        return Deferral(said, Scope.ROUTE, CONFIGURED_S, str(error))  # without it nothing may be given up
    found = judge(known, phase, reply)
    if found.retry is Retry.NO:
        return Refusal(said, found.scope, found.entry.advice, found.entry.id)
    return Deferral(said, found.scope, known.pauses_s[found.retry], found.entry.advice, found.entry.id)


def judge(known: Catalogue, phase: Phase, reply: Reply) -> Judgement:
    """Return the entry for a reply at a step, and what it means there; a fault of the route is never final."""
    entry = sentence_entry(known, phase, reply)
    if entry is None:
        rule = known.entry(_rule(phase, reply.code))
        assert rule is not None  # the catalogue is checked for it
        return Judgement(rule, rule.scope, rule.retry)
    if entry.scope is Scope.ROUTE:
        return Judgement(entry, Scope.ROUTE, entry.retry)
    is_misplaced = phase is Phase.MAIL and entry.scope is Scope.RECIPIENT  # nobody has been named yet
    if phase in _BEFORE_MAIL or (is_misplaced and entry.retry is Retry.NO):
        return Judgement(entry, Scope.ROUTE, Retry.SLOW if entry.retry is Retry.NO else Retry.NOW)
    return Judgement(entry, Scope.RECIPIENT if phase is Phase.RCPT else Scope.MESSAGE, entry.retry)


def sentence_entry(known: Catalogue, phase: Phase | None, reply: Reply) -> Entry | None:
    """Return the first entry that knows this sentence at a step; None for the step: wherever it may be said."""
    sentence = _ADDRESS.sub("", str(reply))  # an address that the host repeats must not be read as its reason
    is_final = _is_final(reply.code)
    for entry in known.of(Kind.REPLY):
        if entry.retry is Retry.NO and not is_final:
            continue
        if entry.is_only_there and phase not in entry.phases:
            continue
        if entry.pattern is not None and entry.pattern.search(sentence):
            return entry
    return None


def token_advice(description: str) -> Entry | None:
    """Return the entry for what the token endpoint says (its ``error_description``); None when none knows it."""
    try:
        return token_entry(catalogue(), description)
    except CatalogueError:
        return None  # as careful as with a refusal that nobody knows


def token_entry(known: Catalogue, description: str) -> Entry | None:
    """Return the entry of a catalogue for what the token endpoint says."""
    tokens = known.of(Kind.TOKEN)
    return next((entry for entry in tokens if entry.pattern is not None and entry.pattern.search(description)), None)


def kind_of(said: str, phase: Phase | None = None) -> str:
    """Return the id of the entry that knows what was said, as the journal keeps it; empty when none does."""
    try:
        known = catalogue()
    except CatalogueError:
        return ""
    parts = _REPLY.fullmatch(said)
    reply = None if parts is None else Reply(int(parts[1]), parts[2])
    entry = token_entry(known, said) if reply is None else sentence_entry(known, phase, reply)
    return "" if entry is None else entry.id


def is_of_login(said: str) -> bool:
    """Tell whether a login shows if a fault of the route still holds.

    It does for what is no reply (no connection, no TLS, no token) and for replies known from before MAIL alone; others
    may have been said of a mail.
    """
    if _REPLY.fullmatch(said) is None:
        return True
    try:
        entry = catalogue().entry(kind_of(said))
    except CatalogueError:
        return False
    return entry is not None and bool(entry.phases) and _BEFORE_MAIL.issuperset(entry.phases)


def _rule(phase: Phase, code: int) -> Rule:
    """Return the rule for a reply that no sentence knows."""
    is_final = _is_final(code)
    if code == 421:  # noqa: PLR2004  "service closing", RFC 5321 section 3.8
        return Rule.CLOSING
    match phase:
        case Phase.CONNECT | Phase.STARTTLS | Phase.AUTH:
            return Rule.BEFORE_RECIPIENTS if is_final else Rule.BEFORE_MAIL_PASSING
        case Phase.MAIL:
            return Rule.BEFORE_RECIPIENTS if is_final else Rule.MESSAGE_PASSING
        case Phase.RCPT:
            return Rule.RECIPIENT if is_final else Rule.RECIPIENT_PASSING
        case Phase.DATA | Phase.END:
            return Rule.MESSAGE if is_final else Rule.MESSAGE_PASSING


def _is_final(code: int) -> bool:
    return 500 <= code <= 599  # noqa: PLR2004  the permanent replies, RFC 5321 section 4.2.1
