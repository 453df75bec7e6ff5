"""Which kind of fault a route has, from what was said: by kind it rests, and by kind it is used more gently after."""

import re
from enum import StrEnum
from typing import Final

LOCKOUT_S: Final = 3600.0
"""A fault that asks for at least so much rest is a login that must not be repeated."""


class Kind(StrEnum):
    """The value stands in journal, log and ``status --json``."""

    OUTAGE = "outage"
    """Cannot be reached, or has no time: mends itself."""

    CONFIGURATION = "configuration"
    """Here, in the tenant or in DNS: a person has to mend it."""

    LOCKOUT = "lock-out"
    """A login that repeats would lock."""

    QUOTA = "day-quota"
    """The recipients of 24 hours are used up."""

    CONNECTIONS = "connections"
    """More sessions than the mailbox may have, all its devices together."""

    RATE = "rate"
    """More messages a minute than the mailbox may send."""

    ADDRESS = "ip-throttle"
    """More than this public IP's reputation carries."""


_ADDRESS: Final = re.compile(r"\S+@\S+")
_REPLY: Final = re.compile(r"[245]\d\d[ -]")
_SENTENCES: Final = (
    (Kind.QUOTA, re.compile(r"SubmissionQuotaExceeded|(?<![\d.])5\.1\.90(?![\d.])", re.IGNORECASE)),
    (
        Kind.CONNECTIONS,
        re.compile(
            r"^432|(?<![\d.])4\.3\.2(?![\d.]).*(concurrent|sender thread)|^421.*too many (concurrent )?connections",
            re.IGNORECASE,
        ),
    ),
    (Kind.RATE, re.compile(r"(?<![\d.])4\.4\.2(?![\d.]).*submission rate", re.IGNORECASE)),
    (Kind.ADDRESS, re.compile(r"(?<![\d.])4\.7\.(5\d\d|6\d\d|8[5-9]\d)(?![\d.])")),
)
"""Sentences of Exchange Online: "Message storage and concurrent connection throttling for SMTP Authenticated
Submission", "Fix error code 451 4.7.500-699" (Microsoft, read 2026-11), traces from the field; and Postfix's 421."""


def kind_of(said: str, pause_s: float) -> Kind:
    """Return the kind of a fault of the route from its reply, else from how long it asks to be left alone."""
    sentence = _ADDRESS.sub("", said)  # an address that the host repeats is no reason
    if _REPLY.match(said):
        for kind, pattern in _SENTENCES:
            if pattern.search(sentence):
                return kind
    if pause_s <= 0:
        return Kind.OUTAGE
    return Kind.LOCKOUT if pause_s >= LOCKOUT_S else Kind.CONFIGURATION
