import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.arrive.conduct import COMMANDS, RECIPIENTS, UNKNOWN, Act, Conduct, act_of


@pytest.mark.parametrize(
    ("reply", "act"),
    [
        ("220 box scangate", Act.NOTHING),
        ("250-box", Act.NOTHING),
        ("250 HELP", Act.COMMAND),
        ("334 VXNlcm5hbWU6", Act.NOTHING),
        ("354 End data with <CR><LF>.<CR><LF>", Act.NOTHING),
        ("421 4.7.0 Closing", Act.NOTHING),
        ("250 OK", Act.COMMAND),
        ("250 2.1.0 Ok", Act.COMMAND),
        ("250 2.1.5 Ok", Act.RECIPIENT),
        ("452 4.5.3 Too many recipients", Act.RECIPIENT),
        ("452 4.3.1 No room", Act.COMMAND),
        ("503 5.5.1 Error: need RCPT command", Act.COMMAND),
        ("550 5.7.1 a@b is not in recipients", Act.REFUSED),
        ("553 5.1.3 That is not a mailbox address", Act.REFUSED),
        ("535 5.7.8 Authentication credentials invalid", Act.LOGIN),
        ('500 Error: command "GET" not recognized', Act.UNKNOWN),
        ("502 5.5.1 There are no lists here", Act.COMMAND),
        ("", Act.COMMAND),
    ],
)
def test_a_reply_says_what_was_done(reply, act):
    """Each reply of ours stands for what the device did; the lines of one reply count once."""
    assert act_of(reply) is act


@pytest.mark.parametrize(
    ("act", "most", "reason"),
    [
        (Act.COMMAND, COMMANDS, "too many commands without a mail"),
        (Act.LOGIN, COMMANDS, "too many commands without a mail"),
        (Act.RECIPIENT, RECIPIENTS, "too many recipients"),
        (Act.REFUSED, RECIPIENTS, "too many recipients"),
        (Act.UNKNOWN, UNKNOWN, "too many unknown commands"),
    ],
)
def test_a_session_ends_with_one_too_many(act, most, reason):
    """The last that is borne ends the session, with the reason; a mail taken begins the counts anew."""
    conduct = Conduct()
    assert [conduct.note(act) for _ in range(most - 1)] == [""] * (most - 1)
    conduct.taken()
    assert [conduct.note(act) for _ in range(most)] == [""] * (most - 1) + [reason]


@given(st.text(max_size=20))
def test_any_reply_is_read(reply):
    """Whatever words a reply has, it stands for something."""
    assert act_of(reply) in Act
