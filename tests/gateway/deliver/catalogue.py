"""Replies of Exchange Online with what each must mean: the table of Microsoft's pages and traces from the field."""

from dataclasses import dataclass
from typing import Final

from gateway.spool.reply import Phase, Reply, Scope


@dataclass(frozen=True, slots=True)
class Row:
    """A reply at a step: whom it concerns, whether it is final, and how long a route must rest at least (seconds).

    ``advice`` is a word that the advice to the operator must hold.
    """

    phase: Phase
    code: int
    text: str
    scope: Scope
    is_final: bool = False
    pause_s: float = 0.0
    advice: str = ""

    @property
    def reply(self) -> Reply:
        """The reply itself."""
        return Reply(self.code, self.text)


_QUARTER_S: Final = 900.0
_HOUR_S: Final = 3600.0
_MINUTE_S: Final = 60.0


def _login(code: int, text: str, pause_s: float, advice: str) -> Row:
    return Row(Phase.AUTH, code, text, Scope.ROUTE, pause_s=pause_s, advice=advice)


def _route(phase: Phase, code: int, text: str, pause_s: float = _QUARTER_S, advice: str = "") -> Row:
    return Row(phase, code, text, Scope.ROUTE, pause_s=pause_s, advice=advice)


def _final(phase: Phase, code: int, text: str, advice: str = "") -> Row:
    return Row(phase, code, text, Scope.RECIPIENT if phase is Phase.RCPT else Scope.MESSAGE, True, advice=advice)


_UNSUCCESSFUL: Final = "5.7.139 Authentication unsuccessful, "
_STORE: Final = "STOREDRV.Submission.Exception:"

LOGINS: Final = (
    _login(530, "5.7.57 Client not authenticated to send mail.", _QUARTER_S, "login"),
    _login(535, "5.7.3 Authentication unsuccessful [AM0PR01CA0001.eurprd01.prod.outlook.com]", _QUARTER_S, "username"),
    _login(
        535,
        f"{_UNSUCCESSFUL}SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled",
        _QUARTER_S,
        "Enable Authenticated SMTP",
    ),
    _login(
        535,
        f"{_UNSUCCESSFUL}SmtpClientAuthentication is disabled for the Mailbox.",
        _QUARTER_S,
        "Enable Authenticated SMTP",
    ),
    _login(
        535,
        f"{_UNSUCCESSFUL}user is locked by your organization's security defaults policy. Contact your administrator.",
        _QUARTER_S,
        "oauth-app",
    ),
    _login(
        535,
        f"{_UNSUCCESSFUL}the request did not meet the criteria to be authenticated successfully.",
        _QUARTER_S,
        "Conditional Access",
    ),
    _login(535, f"{_UNSUCCESSFUL}basic authentication is disabled.", _QUARTER_S, "oauth-app"),
    _login(535, f"{_UNSUCCESSFUL}the user credentials were incorrect.", _HOUR_S, "password"),
    _login(550, "5.7.30 Basic authentication is not supported for Client Submission.", _QUARTER_S, "oauth-app"),
    _login(504, "5.7.4 Unrecognized authentication type", _QUARTER_S, "login"),
    _login(451, "4.7.0 Temporary server error. Please try again later. PRX4", 0.0, ""),
)

ROUTES: Final = (
    _route(Phase.CONNECT, 421, "4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade", advice="TLS"),
    _route(Phase.MAIL, 451, "5.7.3 STARTTLS is required to send mail", advice="TLS"),
    _route(Phase.MAIL, 530, "5.7.0 Must issue a STARTTLS command first", advice="TLS"),
    _route(Phase.MAIL, 530, "5.7.57 Client not authenticated to send mail.", advice="login"),
    _route(
        Phase.END,
        554,
        f"5.2.252 SendAsDenied; a@contoso.com not allowed to send as b@contoso.com; {_STORE}SendAsDeniedException."
        "MapiExceptionSendAsDenied; Failed to process message",
        advice="Send As",
    ),
    _route(Phase.END, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", advice="Send As"),
    _route(
        Phase.DATA, 432, "4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms", _MINUTE_S, "connections"
    ),
    _route(Phase.CONNECT, 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", _MINUTE_S, "connections"),
    _route(
        Phase.MAIL,
        421,
        "4.4.2 Message submission rate for this client has exceeded the configured limit",
        _MINUTE_S,
        "minute",
    ),
    _route(Phase.END, 554, f"5.2.0 {_STORE}SubmissionQuotaExceededException; Failed to process message", advice="24"),
    _route(Phase.END, 550, "5.1.90 Your message can't be sent because you've reached your daily limit", advice="24"),
    _route(
        Phase.END, 554, f"5.2.2 mailbox full; {_STORE}QuotaExceededException.MapiExceptionQuotaExceeded", advice="full"
    ),
    _route(Phase.RCPT, 550, "5.1.8 Access denied, bad outbound sender AS(42004)", advice="Restricted"),
    _route(Phase.END, 550, "5.7.501 Access denied, spam abuse detected", advice="spam"),
    _route(Phase.RCPT, 550, "5.7.502 Access denied, banned sender", advice="spam"),
    _route(Phase.RCPT, 550, "5.7.503 Access denied, banned sender", advice="spam"),
    _route(
        Phase.RCPT,
        550,
        "5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources",
        advice="Direct Send",
    ),
    _route(Phase.RCPT, 550, "5.7.64 TenantAttribution; Relay Access Denied [AM0EUR01FT021]", advice="connector"),
    _route(Phase.RCPT, 451, "4.4.62 Mail sent to the wrong Office 365 region. ATTR35.", advice="connector"),
    _route(
        Phase.RCPT,
        550,
        "4.4.4 Mail received as unauthenticated, incoming to a recipient domain configured in a hosted tenant which "
        "has no mail-enabled subscriptions. ATTR5",
        advice="subscription",
    ),
    _route(Phase.MAIL, 550, "5.7.606 Access denied, banned sending IP [203.0.113.7].", advice="public IP"),
    _route(Phase.RCPT, 550, "5.7.649 Access denied, banned sending IP [203.0.113.7]", advice="public IP"),
    _route(Phase.RCPT, 550, "5.7.511 Access denied, banned sender[203.0.113.7].", advice="public IP"),
    _route(
        Phase.RCPT,
        550,
        "5.7.1 Service unavailable, Client host [203.0.113.7] blocked using Spamhaus. To request removal see the page",
        advice="block list",
    ),
    _route(
        Phase.MAIL, 550, "5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.", advice="IP"
    ),
    _route(Phase.RCPT, 550, "5.7.705 Access denied, tenant has exceeded threshold", advice="support"),
    _route(Phase.RCPT, 550, "5.7.750 Service unavailable. Client blocked from sending from unregistered domains"),
    _route(
        Phase.RCPT, 451, "4.7.500 Server busy. Please try again later from [203.0.113.7]. (AS77713001)", 300.0, "IP"
    ),
    _route(Phase.MAIL, 451, "4.7.651 The mail server [203.0.113.7] has been temporarily rate limited", 300.0, "IP"),
    _route(Phase.MAIL, 451, "4.7.850 Access denied, please try again later", 300.0, "IP"),
    _route(
        Phase.END, 450, "4.7.26 Service does not accept messages sent over IPv6 unless they pass SPF or DKIM", 300.0
    ),
    _route(Phase.MAIL, 550, "5.7.25 the sending IPv6 address must have a reverse DNS record", advice="SPF"),
    _route(Phase.RCPT, 550, "5.7.510 Access denied, recipient does not accept email sent over IPv6", advice="SPF"),
    _route(
        Phase.END,
        550,
        "5.7.509 Access denied, sending domain contoso.com does not pass DMARC verification and has a DMARC policy of "
        "reject.",
        advice="SPF",
    ),
    _route(
        Phase.END, 550, "5.7.23 The message was rejected because of Sender Policy Framework violation", advice="SPF"
    ),
    _route(Phase.MAIL, 550, "5.7.506 Access Denied, Bad HELO", advice="name"),
)

OTHERS: Final = (
    Row(Phase.RCPT, 451, "4.7.0 Temporary server error. Please try again later. PRX5", Scope.RECIPIENT),
    Row(Phase.END, 451, "4.7.0 Temporary server error. Please try again later. PRX2", Scope.MESSAGE),
    Row(Phase.MAIL, 451, "4.3.2 Temporary server error. Please try again later ATTR2", Scope.MESSAGE),
    Row(Phase.END, 451, "4.4.3 Temporary server error. Please try again later ATTR1", Scope.MESSAGE),
    Row(Phase.RCPT, 452, "4.5.3 Too many recipients", Scope.RECIPIENT),
    Row(Phase.RCPT, 550, "5.5.3 Too many recipients", Scope.RECIPIENT),
    Row(Phase.RCPT, 552, "Too many recipients", Scope.RECIPIENT),
    _final(Phase.END, 554, "5.2.270 The message is too large", "large"),
    _final(Phase.MAIL, 552, "5.3.4 Message size exceeds fixed maximum message size", "large"),
    _final(Phase.END, 552, "5.2.3 Message exceeds fixed limits", "large"),
    _final(Phase.RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address", "mailbox"),
    _final(Phase.RCPT, 550, "5.1.1 The email account that you tried to reach does not exist", "mailbox"),
    _final(Phase.RCPT, 550, "5.5.0 Requested action not taken: mailbox unavailable", "mailbox"),
    _final(Phase.RCPT, 550, "5.4.1 Recipient address rejected: Access denied. AS(201806281) [AM0EUR01]", "address"),
    _final(Phase.END, 550, "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant"),
    _final(Phase.END, 550, "5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare line feeds"),
    _final(Phase.END, 550, "5.7.703 Your message can't be delivered because one recipient is blocked by your tenant"),
    _final(
        Phase.RCPT, 550, "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", "signed-in"
    ),
    _final(Phase.RCPT, 550, "5.7.134 RESOLVER.RST.SenderNotAuthenticatedForMailbox", "signed-in"),
    _final(Phase.RCPT, 550, "5.7.124 RESOLVER.RST.SenderNotInAllowedSenders", "signed-in"),
    _final(Phase.RCPT, 550, "5.7.12 Sender was not authenticated by organization", "signed-in"),
    _final(Phase.RCPT, 550, "5.5.105 External sending is not supported for High Volume Email accounts", "High Volume"),
    _final(Phase.RCPT, 552, "5.2.2 <bob@example.com>: Mailbox full"),
)

ROWS: Final = (*LOGINS, *ROUTES, *OTHERS)
