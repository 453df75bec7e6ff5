from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.hidden import SecretStr
from conf.secret import LARGEST_BYTES, Opened, Unusable, credential_path, open_file, secret_in
from conf.small_file import Content

PATH = Path("/run/secret")


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        (b"hunter2", "hunter2"),
        (b"hunter2\n", "hunter2"),
        (b"hunter2\r\n", "hunter2"),
        (b"\xef\xbb\xbfhunter2", "hunter2"),
        (b" two words ", " two words "),
        ("schlüssel\n".encode(), "schlüssel"),
    ],
)
def test_a_secret_is_the_one_line_of_its_file(data, secret):
    """The secret is the line as written; only the line end and byte order mark an editor adds are left out."""
    found = secret_in(Content(data, is_open_to_all=False), PATH)
    assert isinstance(found, SecretStr)
    assert found.get_secret_value() == secret
    assert secret not in f"{found} {found!r}"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"a\nb\n", "names /run/secret, which must hold the secret on one line and nothing else"),
        (b"a\x00b", "names /run/secret, which must hold the secret on one line and nothing else"),
        (b"\n\n", "names /run/secret, which must hold the secret on one line and nothing else"),
        (b"\xff\xfe", "names /run/secret, which is not UTF-8 text: write the secret into it, on one line"),
    ],
)
def test_what_is_not_one_line_is_no_secret(data, why):
    """A file with more than the secret in it is refused, without a word of what it holds."""
    assert secret_in(Content(data, is_open_to_all=False), PATH) == Unusable(why)


@given(st.binary())
def test_any_bytes_are_a_secret_or_refused(data):
    """Any file gives a secret on one line or a sentence, and neither prints what the file holds."""
    found = secret_in(Content(data, is_open_to_all=False), PATH)
    match found:
        case SecretStr():
            assert found.get_secret_value().isprintable() or "\n" not in found.get_secret_value()
            assert repr(found) == "SecretStr('**********')"
        case Unusable(why):
            assert why.startswith("names /run/secret, which ")


@pytest.mark.parametrize(
    ("written", "directory", "expected"),
    [
        ("/etc/x", None, Path("/etc/x")),
        ("credential:client", "/run/credentials/scangate", Path("/run/credentials/scangate/client")),
        (
            "credential:client",
            None,
            Unusable(
                "names a systemd credential, but the service was given none: "
                "add LoadCredential=client:PATH to its unit, or name a file"
            ),
        ),
        *(
            (
                f"credential:{name}",
                "/run/c",
                Unusable('must be "credential:NAME" with the name of a systemd credential, without "/"'),
            )
            for name in ("", "..", ".", "a/b", "../x", "a\x00", "a\n")
        ),
    ],
)
def test_a_credential_is_a_file_of_systemd(written, directory, expected):
    """``credential:NAME`` is a file in the directory systemd names, and never one outside it."""
    assert credential_path(written, directory) == expected


@pytest.mark.parametrize(
    ("mode", "holds", "warns"),
    [(0o600, "secret", False), (0o644, "secret", True), (0o644, "private key", True), (0o644, "certificate", False)],
)
def test_a_private_file_open_to_all_is_warned_of(tmp_path, mode, holds, warns):
    """A secret that everyone may read is used, and told; a certificate is nobody's secret."""
    path = tmp_path / "s"
    path.write_bytes(b"x")
    path.chmod(mode)
    opened = open_file(path, holds)
    assert isinstance(opened, Opened)
    assert opened.warning == (f"names {path}, which everyone on the box may read: chmod 600 it" if warns else None)


@pytest.mark.parametrize(
    ("data", "holds", "why"),
    [
        (b"", "secret", "names {path}, which is empty: write the content into it"),
        (b" \n", "certificate", "names {path}, which is empty: write the content into it"),
        (b"x" * (LARGEST_BYTES + 1), "certificate", "names {path}, which is over 64 KiB: name another file"),
        (None, "private key", "names {path}, which does not exist: write it, or name another file"),
        (None, "secret", "names a file that does not exist: write it, or name another file"),
    ],
)
def test_a_file_without_content_is_told(tmp_path, data, holds, why):
    """An empty, huge or missing file is one sentence, which does not tell a path that may be the secret itself."""
    path = tmp_path / "s"
    if data is not None:
        path.write_bytes(data)
    assert open_file(path, holds) == Unusable(why.format(path=path))
