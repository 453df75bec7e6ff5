"""The readers of mail see what another library wrote."""

import email.policy
from email.message import EmailMessage
from pathlib import Path

from tests.peers import readers


def test_all_readers_see_what_was_written(tmp_path: Path):
    """A mail written by the standard library is read alike: names, recipients, parts in order, text."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"], mail["Cc"] = "Jörg <joerg@contoso.com>", "a@contoso.com, b@contoso.com", "c@contoso.com"
    mail["Subject"] = "Prüfung 日本 (1)"
    mail.set_content("One.\n\nTwo.\n")
    mail.add_attachment(b"GIF89a", maintype="image", subtype="gif", filename="Bild (ü).gif")
    path = tmp_path / "mail"
    path.write_bytes(mail.as_bytes())
    expected = readers.Reading(
        "Prüfung 日本 (1)", "Jörg", "a@contoso.com, b@contoso.com", "c@contoso.com",
        (("text/plain", ""), ("image/gif", "Bild (ü).gif")), "One.\n\nTwo.",
    )  # fmt: skip
    assert readers.by_python(path.read_bytes()) == expected
    assert readers.by_mblaze(path) == expected
    found = readers.by_dovecot(path)
    assert (found.subject, found.sender, found.to, found.cc, found.parts) == (
        expected.subject, expected.sender, expected.to, expected.cc, expected.parts,
    )  # fmt: skip
