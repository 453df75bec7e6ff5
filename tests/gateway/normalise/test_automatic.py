import email.message

import pytest

from conf.model import Address
from gateway.normalise.automatic import is_reply

PRINTER = Address("printer@contoso.com")


@pytest.mark.parametrize(
    ("headers", "sender", "expected"),
    [
        ({}, PRINTER, False),
        ({}, None, False),
        ({"Auto-Submitted": "auto-generated"}, PRINTER, False),
        ({"Auto-Submitted": "auto-generated"}, None, False),
        ({"Auto-Submitted": "no", "In-Reply-To": "<x>"}, PRINTER, False),
        ({"In-Reply-To": "<x>"}, PRINTER, False),
        ({"Auto-Submitted": "Auto-Replied; owner-email=x"}, PRINTER, True),
        ({"Auto-Submitted": "auto-generated", "In-Reply-To": "<x>"}, PRINTER, True),
        ({"References": "<x>"}, None, True),
        ({"X-Failed-Recipients": "a@b.example"}, None, True),
        ({"Content-Type": "multipart/report; boundary=b"}, PRINTER, True),
    ],
)
def test_answers_by_machine(headers, sender, expected):
    """Bounces and automatic replies are known; a printer's report, automatic or without return path, is none."""
    message: email.message.Message = email.message.Message()
    for key, value in headers.items():
        message[key] = value
    assert is_reply(message, sender) is expected
