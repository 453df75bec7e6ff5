"""The kind of a fault, by its reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deliver.fault import Kind, kind_of


@pytest.mark.parametrize(
    ("said", "pause_s", "kind"),
    [
        ("localhost:587 cannot be reached (Connection refused)", 0, Kind.OUTAGE),
        ("mx.example:25 offers no STARTTLS; scangate never sends without TLS", 900, Kind.CONFIGURATION),
        ("421 4.3.2 Service not active", 0, Kind.OUTAGE),
        ("535 5.7.3 Authentication unsuccessful", 900, Kind.CONFIGURATION),
        ("535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.", 3600, Kind.LOCKOUT),
        ("AADSTS7000222: the secret has expired", 3600, Kind.LOCKOUT),
        ("432 4.3.2 Concurrent connections limit exceeded.", 60, Kind.CONNECTIONS),
        ("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", 60, Kind.CONNECTIONS),
        ("421 4.3.2 The maximum number of concurrent connections has exceeded a limit", 60, Kind.CONNECTIONS),
        ("421 4.7.0 box.example Error: too many connections from 192.0.2.1", 0, Kind.CONNECTIONS),
        ("421 4.4.2 Message submission rate for this client has exceeded the configured limit", 60, Kind.RATE),
        ("421 4.4.2 Connection dropped due to SocketError", 0, Kind.OUTAGE),
        ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; no", 900, Kind.QUOTA),
        ("550 5.1.90 Your message can't be sent: you've reached your daily limit", 900, Kind.QUOTA),
        ("451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS843)", 300, Kind.ADDRESS),
        ("451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited", 300, Kind.ADDRESS),
        ("550 5.7.1 <432-4.3.2.concurrent@contoso.com>: no", 900, Kind.CONFIGURATION),
        ("550 5.7.1 [10.4.7.550] is blocked", 900, Kind.CONFIGURATION),
    ],
)  # fmt: skip
def test_what_was_said_decides(said: str, pause_s: float, kind: Kind):
    """Each throttle is known by its sentence; anything else by how long it asks to be left alone."""
    assert kind_of(said, pause_s) is kind


@given(st.text(max_size=300), st.floats(0, 7200))
def test_every_fault_has_a_kind(said: str, pause_s: float):
    """Whatever a host says, it is one of them, and what asks for no rest is never a fault for a person."""
    kind = kind_of(said, pause_s)
    assert kind in Kind
    if pause_s == 0:
        assert kind not in {Kind.CONFIGURATION, Kind.LOCKOUT}
