"""Why there is no token, how long to leave it, and what a person should do: Entra's refusals.

Those with a number (AADSTS) stand in the reply catalogue; here is what OAuth itself says.
"""

from typing import Final

from gateway.deliver import replies
from gateway.deliver.replies import CONFIGURED_S

TRANSIENT_S: Final = 60.0
"""``invalid_grant`` without a number that we know: others saw it pass by itself (email-oauth2-proxy issue 123)."""

SIGN_IN: Final = 'Run "scangate login" on the box, and sign in as the mailbox.'

_ENDED: Final = {
    "expired_token": "The code has expired: run this again.",
    "code_expired": "The code has expired: run this again.",
    "authorization_declined": "The sign-in was declined: run this again.",
    "access_denied": "The sign-in was declined: run this again.",
    "bad_verification_code": "The code is not known any more: run this again.",
}
"""How a sign-in by a code ends without one (RFC 8628 section 3.5, and Entra's own words)."""


class TokenError(Exception):
    """No token could be had; the sentence says why. ``pause_s`` is how long to leave it; 0 means an outage.

    ``kind`` is the entry of the reply catalogue that knows it, if one does.
    """

    def __init__(self, sentence: str, pause_s: float, advice: str, kind: str = "") -> None:
        super().__init__(sentence)
        self.pause_s = pause_s
        self.advice = advice
        self.kind = kind


def refused(answer: object) -> TokenError:
    """Return what a refusal of the token endpoint means; ``answer`` is its JSON, whatever that is."""
    fields = answer if isinstance(answer, dict) else {}
    error = str(fields.get("error"))
    described = first_line(fields.get("error_description") or fields.get("error") or "no reason given")
    if error in _ENDED:
        return TokenError(described, CONFIGURED_S, _ENDED[error])
    if (entry := replies.token_advice(described)) is not None:
        return TokenError(described, entry.pause_s, entry.advice, entry.id)
    if error in {"temporarily_unavailable", "server_error"}:
        return TokenError(described, 0.0, "")
    if error == "invalid_grant":
        return TokenError(described, TRANSIENT_S, f"This may pass by itself. If it stays: {SIGN_IN}")
    return TokenError(described, CONFIGURED_S, "Check tenant, client_id and secret.")


def first_line(said: object) -> str:
    """Return the first line of what somebody said, short enough for a log."""
    return (str(said).splitlines() or [type(said).__name__])[0][:300]
