import pytest

from conf.files import resolve
from conf.finding import Finding
from tests.conf.given import SECRET


@pytest.fixture
def secret_file(tmp_path):
    """A file that holds a secret, for its owner only."""
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("key", ["password", "client_secret"])
def test_a_secret_is_put_beside_its_file(secret_file, key):
    """The value stands under its own key afterwards, prints as stars, and the settings given are left as they were."""
    values = {"upstream": [{}, {f"{key}_file": str(secret_file)}]}
    resolved = resolve(values, {})
    upstream = resolved.values["upstream"][1]
    assert upstream[key].get_secret_value() == SECRET
    assert SECRET not in repr(resolved) + repr(upstream)
    assert resolved.findings == ()
    assert values == {"upstream": [{}, {f"{key}_file": str(secret_file)}]}


def test_a_credential_becomes_its_path(secret_file):
    """``credential:NAME`` is read from systemd's directory, and the key then names that file."""
    environ = {"CREDENTIALS_DIRECTORY": str(secret_file.parent)}
    values = {"upstream": [{"key_file": "credential:secret", "password_file": "credential:secret"}]}
    upstream = resolve(values, environ).values["upstream"][0]
    assert (upstream["key_file"], upstream["password_file"]) == (str(secret_file), str(secret_file))
    assert upstream["password"].get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("key", "mode", "warns"),
    [
        ("password_file", 0o644, True),
        ("key_file", 0o644, True),
        ("key_file", 0o600, False),
        ("certificate_file", 0o644, False),
        ("ca_file", 0o644, False),
    ],
)
def test_only_private_files_must_be_closed(secret_file, key, mode, warns):
    """A key or secret that everyone may read is warned of; a certificate may be read by anyone."""
    secret_file.chmod(mode)
    found = resolve({"upstream": [{key: str(secret_file)}]}, {}).findings
    assert [(finding.at, finding.is_warning) for finding in found] == ([(("upstream", 0, key), True)] if warns else [])


@pytest.mark.parametrize("key", ["password_file", "client_secret_file", "key_file", "certificate_file", "ca_file"])
def test_a_file_that_cannot_be_read_is_told_now(tmp_path, key):
    """Every file an upstream names is opened when the configuration is read, not when the first scan is sent."""
    found = resolve({"upstream": [{key: str(tmp_path / "x")}]}, {}).findings
    is_secret = key in {"password_file", "client_secret_file"}
    begin = "names a file that" if is_secret else f"names {tmp_path / 'x'}, which"
    assert found == (Finding(("upstream", 0, key), f"{begin} does not exist: write it, or name another file"),)


def test_a_credential_nobody_gave_is_told():
    """A systemd credential that the service was not given is told with the line its unit lacks."""
    found = resolve({"upstream": [{"password_file": "credential:mail"}]}, {}).findings
    assert [finding.what for finding in found] == [
        (
            "names a systemd credential, but the service was given none: add LoadCredential=mail:PATH to its unit, "
            "or name a file"
        ),
    ]


def test_a_file_with_more_than_a_secret_is_told(secret_file):
    """A file of two lines is no secret, and its warning about who may read it is kept."""
    secret_file.write_text("one\ntwo\n")
    secret_file.chmod(0o644)
    found = resolve({"upstream": [{"password_file": str(secret_file)}]}, {}).findings
    assert [(finding.what, finding.is_warning) for finding in found] == [
        (f"names {secret_file}, which everyone on the box may read: chmod 600 it", True),
        (f"names {secret_file}, which must hold the secret on one line and nothing else", False),
    ]


def test_a_secret_given_twice_is_told(secret_file):
    """A value beside a file is one too many: nobody should have to guess which one counts."""
    found = resolve({"upstream": [{"password_file": str(secret_file), "password": "x"}]}, {}).findings
    assert found == (Finding(("upstream", 0, "password_file"), "stands beside password: set one of the two"),)


@pytest.mark.parametrize("upstream", [None, "x", [], ["x"], [{"password_file": 3}], [{"password_file": ""}], {"a": 1}])
def test_what_is_no_path_is_left_to_the_model(upstream):
    """Wrong shapes are not this step's to report, and do it no harm."""
    resolved = resolve({"upstream": upstream}, {})
    assert (resolved.values, resolved.findings) == ({"upstream": upstream}, ())
