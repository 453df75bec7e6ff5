"""Why there is no token, how long to leave it, and what a person should do: Entra's refusals by their number.

Numbers: "Microsoft Entra authentication and authorization error codes" (AADSTS), read 2026-11.
"""

import re
from typing import Final

from gateway.deliver.replies import CONFIGURED_S, LOCKOUT_S

TRANSIENT_S: Final = 60.0
"""``invalid_grant`` without a number that we know: others saw it pass by itself (email-oauth2-proxy issue 123)."""

SIGN_IN: Final = 'Run "scangate login" on the box, and sign in as the mailbox.'

_ADVICE: Final = {
    "AADSTS7000215": (LOCKOUT_S, "The client secret is wrong: use the secret's value, not its id."),
    "AADSTS7000222": (LOCKOUT_S, "The client secret has expired: make a new one and put it into client_secret_file."),
    "AADSTS700016": (LOCKOUT_S, "client_id is not an application of this tenant."),
    "AADSTS90002": (LOCKOUT_S, "The tenant does not exist: check tenant."),
    "AADSTS700027": (LOCKOUT_S, "The certificate is not the one registered for the application."),
    "AADSTS7000218": (LOCKOUT_S, 'Switch on "Allow public client flows" under Authentication of the app registration.'),
    "AADSTS65001": (LOCKOUT_S, "Grant the app registration SMTP.Send (delegated) with admin consent."),
    "AADSTS70043": (CONFIGURED_S, f"The sign-in has ended, by Conditional Access sign-in frequency. {SIGN_IN}"),
    "AADSTS700082": (CONFIGURED_S, f"The sign-in has ended, since it was not used for 90 days. {SIGN_IN}"),
    "AADSTS50173": (CONFIGURED_S, f"The sign-in was revoked, as by a changed password. {SIGN_IN}"),
    "AADSTS50076": (CONFIGURED_S, f"Another factor is wanted. {SIGN_IN}"),
    "AADSTS50079": (CONFIGURED_S, f"Another factor has to be registered. {SIGN_IN}"),
    "AADSTS50057": (CONFIGURED_S, "The account is disabled: enable it in Entra."),
    "AADSTS53003": (
        CONFIGURED_S,
        "Conditional Access blocks the box: exclude this account, or admit the site's public IP.",
    ),
}

_ENDED: Final = {
    "expired_token": "The code has expired: run this again.",
    "code_expired": "The code has expired: run this again.",
    "authorization_declined": "The sign-in was declined: run this again.",
    "access_denied": "The sign-in was declined: run this again.",
    "bad_verification_code": "The code is not known any more: run this again.",
}
"""How a sign-in by a code ends without one (RFC 8628 section 3.5, and Entra's own words)."""


class TokenError(Exception):
    """No token could be had; the sentence says why. ``pause_s`` is how long to leave it; 0 means an outage."""

    def __init__(self, sentence: str, pause_s: float, advice: str) -> None:
        super().__init__(sentence)
        self.pause_s = pause_s
        self.advice = advice


def refused(answer: object) -> TokenError:
    """Return what a refusal of the token endpoint means; ``answer`` is its JSON, whatever that is."""
    fields = answer if isinstance(answer, dict) else {}
    error = str(fields.get("error"))
    described = first_line(fields.get("error_description") or fields.get("error") or "no reason given")
    if error in _ENDED:
        return TokenError(described, CONFIGURED_S, _ENDED[error])
    for code, (pause_s, advice) in _ADVICE.items():
        if re.search(rf"{code}(?!\d)", described):
            return TokenError(described, pause_s, advice)
    if error in {"temporarily_unavailable", "server_error"}:
        return TokenError(described, 0.0, "")
    if error == "invalid_grant":
        return TokenError(described, TRANSIENT_S, f"This may pass by itself. If it stays: {SIGN_IN}")
    return TokenError(described, CONFIGURED_S, "Check tenant, client_id and secret.")


def first_line(said: object) -> str:
    """Return the first line of what somebody said, short enough for a log."""
    return (str(said).splitlines() or [type(said).__name__])[0][:300]
