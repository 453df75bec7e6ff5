"""What a smarthost's reply means: receipt, deferral or refusal, for whom, and what a person should do.

Exchange Online's replies cannot be told by their first digit: some 4xx never clear, some 5xx concern the route and not
the message. So the sentence decides first, then the step of the dialogue. Sources: "Email non-delivery reports and SMTP
errors in Exchange Online", "Fix issues with printers, scanners, and LOB applications" (Microsoft, read 2026-11) and
traces from the field.
"""

import re
from dataclasses import dataclass
from typing import Final

from gateway.spool.reply import Deferral, Phase, Refusal, Reply, Scope

CONFIGURED_S: Final = 900.0
"""A fault of configuration or login: probed after 15 minutes, then more slowly."""

LOCKOUT_S: Final = 3600.0
"""A wrong password: an hour, since repeats lock the account."""

_THROTTLED_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Rule:
    """A sentence we know: what it concerns, and either how long the route rests or that it is final."""

    pattern: re.Pattern[str]
    scope: Scope
    pause_s: float
    is_final: bool
    advice: str


_ADDRESS: Final = re.compile(r"\S+@\S+")
_STATUS: Final = re.compile(r"<([^<>]+)>")


def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern where ``<5.1.1>`` stands for that status code alone: not 5.1.10, nor part of an IP address."""
    status = _STATUS.sub(lambda found: rf"(?<![\d.]){found[1].replace('.', chr(92) + '.')}(?![\d.])", pattern)
    return re.compile(status, re.IGNORECASE)


def _route(pattern: str, pause_s: float, advice: str) -> _Rule:
    return _Rule(_compiled(pattern), Scope.ROUTE, pause_s, is_final=False, advice=advice)


def _final(pattern: str, scope: Scope, advice: str) -> _Rule:
    return _Rule(_compiled(pattern), scope, 0.0, is_final=True, advice=advice)


_RULES: Final = (
    _route(
        r"<5.7.139>.*(SmtpClientAuthentication is disabled|disabled for the)",
        CONFIGURED_S,
        "Enable Authenticated SMTP on this mailbox in the Microsoft 365 admin centre.",
    ),
    _route(
        r"<5.7.139>.*(security defaults|basic auth)|<5.7.30>",
        CONFIGURED_S,
        'Set auth = "oauth-app": passwords are off.',
    ),
    _route(r"<5.7.139>.*did not meet the criteria", CONFIGURED_S, "A Conditional Access policy blocks this login."),
    _route(r"<5.7.139>", LOCKOUT_S, "The user name or password is wrong: mend password_file, or use OAuth."),
    _route(
        r"^535|<5.7.3>.*Authentication unsuccessful", CONFIGURED_S, "The login was refused: check username and secret."
    ),
    _route(
        r"<4.7.66>|TLS 1\.[01].* not supported|STARTTLS (is required|command first)",
        CONFIGURED_S,
        "The host demands another TLS.",
    ),
    _route(
        r"<5.7.57>|client not authenticated|^530", CONFIGURED_S, "This host wants a login: check method, host and auth."
    ),
    _route(r"<5.7.4>.*Unrecognized authentication", CONFIGURED_S, "The host offers no login that scangate may use."),
    _route(
        r"<5.2.252>|SendAsDenied|<5.7.60>",
        CONFIGURED_S,
        "The mailbox in username may not send as [sender] address: make them equal, or grant Send As.",
    ),
    _route(
        r"<4.3.2>.*(concurrent|sender thread)|^432", _THROTTLED_S, "Other devices use this mailbox: lower connections."
    ),
    _route(r"<4.4.2>.*submission rate", _THROTTLED_S, "Too many messages a minute for this mailbox."),
    _route(r"SubmissionQuotaExceeded|<5.1.90>", CONFIGURED_S, "The mailbox has reached its recipients for 24 hours."),
    _route(
        r"STOREDRV.*QuotaExceeded|<5.2.2>.*mailbox full", CONFIGURED_S, "The sender's mailbox is full (Sent Items)."
    ),
    _route(r"<5.1.8>|<5.7.50[123]>", CONFIGURED_S, "The account is blocked for spam: Restricted Entities portal."),
    _route(
        r"<5.7.68>|Direct Send not allowed",
        CONFIGURED_S,
        "The tenant rejects Direct Send: use client-auth or a connector.",
    ),
    _route(
        r"<5.7.64>|Relay Access Denied|ATTR35|<4.4.62>",
        CONFIGURED_S,
        "The connector does not match this IP or certificate.",
    ),
    _route(r"ATTR5\b", CONFIGURED_S, "The tenant has no mail subscription: check host."),
    _route(
        r"<5.7.(60[6-9]|6[1-4]\d|511)>|banned sending IP",
        CONFIGURED_S,
        "Microsoft lists this public IP: delist portal.",
    ),
    _route(
        r"Client host .* blocked using|Spamhaus", CONFIGURED_S, "A block list holds this public IP: use client-auth."
    ),
    _route(r"<5.7.(705|708|750)>", CONFIGURED_S, "The tenant or this IP is not accepted: Microsoft support."),
    _route(r"<4.7.(5\d\d|6\d\d|8[5-9]\d)>|<4.7.26>", 300.0, "The public IP is throttled; a connector prevents that."),
    _route(r"<5.7.(23|25|26|509|510)>", CONFIGURED_S, "Add this public IP to the domain's SPF record."),
    _route(r"<5.7.506>", CONFIGURED_S, "Set [gateway] name to a host name of your own."),
    _final(
        r"<5.2.270>|<5.3.4>|<5.2.3>|^552",
        Scope.MESSAGE,
        "The mail is too large: lower mail_limit or the scan's resolution.",
    ),
    _final(r"<5.1.10>|<5.1.1>|<5.5.0>.*(mailbox|user)|RecipientNotFound", Scope.RECIPIENT, "There is no such mailbox."),
    _final(r"<5.4.1>", Scope.RECIPIENT, "Not a mailbox here: a wrong address, or an external one on Direct Send."),
    _final(r"<5.7.(12|124|133|134)>", Scope.RECIPIENT, "This group or mailbox takes mail from signed-in senders only."),
    _final(r"<5.5.105>", Scope.RECIPIENT, "High Volume Email reaches the organisation only."),
)


_RCPT_RULES: Final = (
    # What is left over goes with the next transaction (RFC 5321 section 4.5.3.1.10, for 552 as well).
    _Rule(_compiled(r"too many recipients|<5.5.3>"), Scope.RECIPIENT, 0.0, is_final=False, advice=""),
    _final(r"<5.2.2>", Scope.RECIPIENT, "The recipient's mailbox is full."),
)
"""Sentences that mean something else, or something at all, when they answer RCPT: tried before the others there."""


def classify(phase: Phase, reply: Reply) -> Deferral | Refusal:
    """Return what a reply other than success means; every reply has a meaning.

    What no rule knows: at connect, STARTTLS, login and MAIL a fault of the route; after RCPT of the recipient; at the
    end of the message of the message; 421 always of the route (RFC 5321 section 3.8); 4xx or nonsense is temporary.
    """
    said = str(reply)
    sentence = _ADDRESS.sub("", said)  # an address that the host repeats must not be read as its reason
    is_final = 500 <= reply.code <= 599  # noqa: PLR2004  the permanent replies
    for rule in (*_RCPT_RULES, *_RULES) if phase is Phase.RCPT else _RULES:
        if rule.pattern.search(sentence) and (is_final or not rule.is_final):
            return _apply(rule, phase, said)
    match phase:
        case Phase.CONNECT | Phase.STARTTLS | Phase.AUTH:
            return Deferral(said, Scope.ROUTE, CONFIGURED_S if is_final else 0.0)
        case Phase.MAIL if is_final:
            return Deferral(said, Scope.ROUTE, CONFIGURED_S)
        case _ if reply.code == 421:  # noqa: PLR2004  "service closing"
            return Deferral(said, Scope.ROUTE)
        case Phase.RCPT:
            return Refusal(said, Scope.RECIPIENT) if is_final else Deferral(said, Scope.RECIPIENT)
        case Phase.MAIL | Phase.DATA | Phase.END:
            return Refusal(said, Scope.MESSAGE) if is_final else Deferral(said, Scope.MESSAGE)


def _apply(rule: _Rule, phase: Phase, said: str) -> Deferral | Refusal:
    if not rule.is_final:
        return Deferral(said, rule.scope, rule.pause_s, rule.advice)
    is_misplaced = phase is Phase.MAIL and rule.scope is Scope.RECIPIENT  # nobody has been named yet
    if is_misplaced or phase in {Phase.CONNECT, Phase.STARTTLS, Phase.AUTH}:
        return Deferral(said, Scope.ROUTE, CONFIGURED_S, rule.advice)
    scope = Scope.RECIPIENT if phase is Phase.RCPT else Scope.MESSAGE
    return Refusal(said, scope, rule.advice)
