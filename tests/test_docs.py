"""The documents say what is so."""

import re
from pathlib import Path

import pytest

from conf.load import Loaded, load

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [re.sub(r"(?m)^ {3}", "", block) for block in re.findall(r"(?ms)^ *```toml\n(.*?)^ *```", README)]


def test_the_readme_shows_all_three_methods_in_their_order():
    """The README's examples are the three methods, in the recommended order."""
    assert [re.findall(r'method = "([a-z-]+)"', block) for block in BLOCKS] == [
        ["client-auth"],
        ["direct-send"],
        ["relay"],
    ]


@pytest.mark.parametrize("method", range(3))
def test_the_readme_examples_load(method: int, tmp_path: Path):
    """Each example of the README is a configuration without a mistake."""
    whole = BLOCKS[0]
    if method:
        upstream = re.search(r"(?ms)^\[\[upstream\]\]\n.*?\n\n", whole)
        assert upstream is not None
        whole = whole.replace(upstream[0], BLOCKS[method] + "\n")
    secret = tmp_path / "client"
    secret.write_text("Abcdefgh1234567890xy\n", encoding="ascii")
    secret.chmod(0o600)
    config = tmp_path / "gateway.toml"
    config.write_text(re.sub(r"/etc/scangate/secrets/\w+", str(secret), whole), encoding="utf-8")
    match load(config, {}):
        case Loaded(loaded, warnings):
            assert loaded.upstream[0].method == ("client-auth", "direct-send", "relay")[method]
            assert warnings == ()
        case mistakes:
            pytest.fail(str(mistakes))


@pytest.mark.parametrize("command", ["./scripts/run", "./scripts/test"])
def test_the_readme_names_its_two_commands(command: str):
    """The two commands of the README exist and can be run."""
    assert command in README
    assert (ROOT / command).stat().st_mode & 0o111
