import pickle
from dataclasses import FrozenInstanceError, asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conf.load import Loaded, Mistake, Mistakes, load
from conf.model import ClientAuth, Maildir, Relay
from tests.conf.given import CLIENT_AUTH, MAILDIR, RIGHT, SECRET, SENDER, SHARE, loading, mistakes, right

pytestmark = pytest.mark.usefixtures("folder")

ENVIRONMENT_ONLY = {
    "SCANGATE_GATEWAY__ADMIN": "it@contoso.com",
    "SCANGATE_SENDER__ADDRESS": "scanner@contoso.com",
    "SCANGATE_UPSTREAM__0__METHOD": "maildir",
    "SCANGATE_UPSTREAM__0__PATH": "mailbox",
    "SCANGATE_SHARE__0__NAME": "scans",
    "SCANGATE_SHARE__0__PATH": "/srv/scans",
    "SCANGATE_SHARE__0__TO": "office@contoso.com,it@contoso.com",
}


def test_later_wins_key_by_key():
    """The environment wins over the file, the file over the default, and each only for the keys it names."""
    config = right(RIGHT + '[pdf]\npages = 7\ntimeout = "1m"\n', {"SCANGATE_PDF__PAGES": "8"}).config
    assert (config.pdf.pages, config.pdf.timeout, config.pdf.jpeg_quality) == (8, 60.0, 80)


def test_the_environment_alone_is_enough(folder):
    """Without a file, variables make a whole configuration; a relative path is taken from the current folder."""
    loaded = load(None, ENVIRONMENT_ONLY)
    assert isinstance(loaded, Loaded)
    assert loaded.config.share[0].to == ("office@contoso.com", "it@contoso.com")
    assert loaded.config.upstream[0] == Maildir(method="maildir", path=folder.resolve() / "mailbox")


def test_paths_are_taken_from_the_files_own_folder(tmp_path):
    """A relative path means the same wherever the service was started."""
    (tmp_path / "conf").mkdir()
    path = tmp_path / "conf" / "gateway.toml"
    path.write_text('[gateway]\nstate = "../state"\n' + SENDER + MAILDIR + SHARE.replace("/srv/scans", "scans"))
    loaded = load(path, {})
    assert isinstance(loaded, Loaded)
    assert loaded.config.gateway.state == tmp_path.resolve() / "state"
    assert loaded.config.share[0].path == tmp_path.resolve() / "conf" / "scans"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_from_any_editor_loads(mark, end):
    """Line ends and byte order mark change neither the values nor the lines of mistakes."""
    assert right((mark + RIGHT).replace("\n", end)).config == right(RIGHT).config
    assert mistakes((mark + RIGHT + "[pdf]\npages = 0\n").replace("\n", end)) == [
        "gateway.toml:16: pdf.pages: must be 1 to 20000"
    ]


def _from_file(folder: Path) -> tuple[str, dict[str, str]]:
    (folder / "secret").write_text(f"{SECRET}\n")
    (folder / "secret").chmod(0o600)
    return RIGHT.replace(f'client_secret = "{SECRET}"', 'client_secret_file = "secret"'), {}


def _from_credential(folder: Path) -> tuple[str, dict[str, str]]:
    _from_file(folder)
    text = RIGHT.replace(f'client_secret = "{SECRET}"', 'client_secret_file = "credential:secret"')
    return text, {"CREDENTIALS_DIRECTORY": str(folder)}


def _from_environment(_folder: Path) -> tuple[str, dict[str, str]]:
    text = RIGHT.replace(f'client_secret = "{SECRET}"', 'client_secret_file = "not-there"')
    return text, {"SCANGATE_UPSTREAM__0__CLIENT_SECRET": SECRET}


def _inline(_folder: Path) -> tuple[str, dict[str, str]]:
    return RIGHT, {}


@pytest.mark.parametrize("place", [_inline, _from_file, _from_credential, _from_environment])
def test_a_secret_is_in_its_place_wherever_it_came_from(folder, place):
    """After loading, the upstream holds the secret's value, and prints it as stars."""
    loaded = right(*place(folder))
    (upstream,) = loaded.config.upstream
    assert isinstance(upstream, ClientAuth)
    assert upstream.client_secret is not None
    assert upstream.client_secret.get_secret_value() == SECRET
    assert SECRET not in f"{loaded!r} {loaded.config} {asdict(loaded.config)} {pickle.loads(pickle.dumps(loaded))!r}"
    assert loaded.warnings == ()


TEXTS = {
    "a = ": "gateway.toml:1: is not TOML at column 5: "
    "a value must be a string in quotes, a number, true, false, a list or a table",
    "[pdf]\npages = 1\npages = 2\n": "gateway.toml:3: is not TOML at column 10: this key stands twice",
    '[pdf]\n"pages 1\n': "gateway.toml:2: is not TOML at column 9: Illegal character '\\n'",
    '[[share]]\npath = "C:\\scans"\n': "gateway.toml:2: is not TOML at column 13: "
    "a backslash in double quotes must be doubled; or use single quotes",
    "[share]\n[share]\n": "gateway.toml:2: is not TOML at column 7: "
    "this header stands twice; several of one kind are written with double brackets, [[share]]",
    "pages 3\n": "gateway.toml:1: is not TOML at column 7: Expected '=' after a key in a key/value pair",
    "a = " + "1" * 5000: "gateway.toml: is not a configuration: a number or a key in it is absurdly long",
}


@pytest.mark.parametrize(("text", "expected"), TEXTS.items(), ids=lambda value: value[:30])
def test_what_is_not_toml_is_told_with_line_and_column(text, expected):
    """A mistake of the notation is one sentence with its line and column."""
    assert mistakes(text) == [expected]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff\xfea\x00", "gateway.toml: is UTF-16 text: save it as UTF-8"),
        (b"#\n'\xe9'", "gateway.toml:2: holds a byte that is not UTF-8 (0xE9): save the file as UTF-8"),
        (b"", "gateway.toml: sender: is missing: add [sender] with address"),
    ],
)
def test_what_is_no_text_is_told(data, expected):
    """Bytes that are no text, and no text at all, are told."""
    assert mistakes(data)[0] == expected


def test_no_file_and_a_directory_are_one_sentence_each(folder):
    """What cannot be read is one sentence that names it."""
    assert load(Path("none.toml"), {}) == Mistakes(
        (Mistake("none.toml", None, "", "does not exist: write it, or name another file"),)
    )
    assert str(load(folder, {})) == f"{folder}: is a directory: name a file in it"


def test_the_file_comes_first_then_the_environment():
    """Mistakes stand in the order of the file's lines; those of variables follow, under the variable's name."""
    environ = {
        "SCANGATE_PDF__PAGES": "0",
        "SCANGATE_UPSTREAM__1__PORT": "x",
        "SCANGATE_GATEWAY__ADMIN": "it@contoso.com,it",
        "SCANGATE_LOGS__X": "",
    }
    text = "[log]\nformat = 1\n" + SENDER + CLIENT_AUTH.replace("client_secret", "client_secret_file") + SHARE
    assert [line.split(": ")[:2] for line in mistakes(text, environ)] == [
        ["gateway.toml:2", "log.format"],
        ["gateway.toml:10", "upstream[0].client_secret_file"],
        ["environment", "SCANGATE_GATEWAY__ADMIN"],
        ["environment", "SCANGATE_UPSTREAM__1__METHOD"],
        ["environment", "SCANGATE_PDF__PAGES"],
        ["environment", "SCANGATE_LOGS__X"],
    ]


def test_a_file_with_a_secret_that_everyone_may_read_is_warned_of():
    """A secret in a file open to all is used, and told with the way out."""
    loading(RIGHT)
    Path("gateway.toml").chmod(0o644)
    loaded = load(Path("gateway.toml"), {})
    assert isinstance(loaded, Loaded)
    assert loaded.warnings == (
        (
            "gateway.toml:10: upstream[0].client_secret: stands in a file that everyone on the box may read: "
            "chmod 600 it, or use client_secret_file"
        ),
    )


def test_a_variable_that_sets_nothing_is_warned_of():
    """One underscore instead of two does not go unnoticed."""
    assert right(RIGHT, {"SCANGATE_LOG_FORMAT": "json"}).warnings == (
        "environment: SCANGATE_LOG_FORMAT: sets nothing; did you mean SCANGATE_LOG__FORMAT, with two underscores?",
    )


def test_a_wrong_upstream_leaves_the_others_unchecked_but_told():
    """Two wrong upstreams are both told."""
    text = SENDER + MAILDIR + "x = 1\n" + MAILDIR + "y = 1\n" + SHARE
    assert [line.split(": ")[1] for line in mistakes(text)] == ["upstream[0].x", "upstream[1].y"]


def test_the_configuration_is_frozen():
    """What was checked cannot be changed afterwards."""
    config = right(RIGHT + '[[upstream]]\nmethod = "relay"\nhost = "mx.example"\n').config
    assert isinstance(config.upstream[1], Relay)
    with pytest.raises(FrozenInstanceError):
        config.upstream[1].port = 26  # type: ignore[misc]


KEYS = ["name", "port", "password", "password_file", "client_secret_file", "auth", "key_file", "domains", "host", "x"]
ODD = st.sampled_from(['"x"', "3", "true", "[]", '["a@b.c"]', "{}", '""', "1979-05-27", '"password"', "'''\n'''", "= "])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="'"), min_size=1).map(
        "S3cr3t-".__add__
    ),
    st.sampled_from(["password", "client_secret"]),
    st.sampled_from(["inline", "file", "environment", "unquoted", "list", "path"]),
    st.dictionaries(st.sampled_from(KEYS), ODD, max_size=3),
)
def test_a_secret_is_in_no_message_and_no_repr(secret, key, place, others):
    """Wherever a secret stands and whatever else is wrong, nothing that is told or printed holds it."""
    environ = {"SCANGATE_UPSTREAM__0__" + key.upper(): secret} if place == "environment" else {}
    forms = {
        "inline": f"{key} = '{secret}'",
        "unquoted": f"{key} = {secret}",
        "list": f"{key} = ['{secret}']",
        "path": f"{key}_file = '{secret}'",
    }
    line = forms.get(place, "")
    if place == "file":
        Path("secret").write_text(secret)
        line = f"{key}_file = 'secret'"
    more = "".join(f"{name} = {value}\n" for name, value in others.items() if not line.startswith(f"{name} "))
    upstream = '[[upstream]]\nmethod = "client-auth"\nusername = "scanner@contoso.com"\n'
    loaded = loading(SENDER + upstream + f"{more}{line}\n" + SHARE, environ)
    told = f"{loaded!r} {loaded}"
    assert secret not in told
    assert "S3cr3t" not in told


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.binary() | st.text(st.sampled_from("[]{}=\"'\n .,ab1#")).map(str.encode) | st.integers(1, len(RIGHT)))
def test_any_file_loads_or_is_told(data):
    """Any bytes, and a right file cut off anywhere, give a configuration or at least one sentence, each on one line."""
    loaded = loading(RIGHT.encode()[:data] if isinstance(data, int) else data)
    if isinstance(loaded, Mistakes):
        assert loaded.mistakes
        assert all(len(str(mistake).splitlines()) == 1 for mistake in loaded.mistakes)
