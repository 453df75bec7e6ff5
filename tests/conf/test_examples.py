import re
from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import tomli

import conf
from conf import keys
from conf.declare import Declared, declared
from conf.load import Loaded, load
from conf.model import Config, Maildir
from tests.conf.given import made

FOLDER = Path(conf.__file__).parent
GATEWAY_TOML = (FOLDER / "gateway.toml").read_text("utf-8")
SHOWN = re.sub(r"^#(?=\[|[a-z_]+ = )", "", GATEWAY_TOML, flags=re.MULTILINE)
"""The default file with every setting switched on."""


def shown_tables() -> list[tuple[str, str, dict[str, Any]]]:
    """Return each table the default file shows: name, method (of an upstream), and its keys."""
    return [
        (name, table.get("method", ""), table)
        for name, value in tomli.loads(SHOWN).items()
        for table in (value if isinstance(value, list) else [value])
    ]


def model_of(table: str, method: str) -> type:
    """Return the model of a table, by method for an upstream."""
    return keys.methods()[method] if method else keys.models(table)[0]


def model_fields(table: str, method: str) -> Mapping[str, Declared]:
    """Return the keys of a table, by method for an upstream."""
    return declared(model_of(table, method))


def test_the_default_file_loads():
    """The default file is right as it stands, but for the secret nobody can ship."""
    loaded = load(FOLDER / "gateway.toml", {"SCANGATE_UPSTREAM__0__CLIENT_SECRET": "x"})
    assert isinstance(loaded, Loaded), str(loaded)
    assert loaded.warnings == (
        (
            f"{FOLDER / 'gateway.toml'}:20: gateway.admin: "
            "is empty: when a scan fails, only its share, the sender of its mail or its recipients are told"
        ),
    )


def test_the_default_file_shows_every_table_and_method_once():
    """Every table stands in the default file once, and the upstreams in their recommended order."""
    shown = [(name, method) for name, method, _ in shown_tables()]
    upstreams = [("upstream", method) for method in keys.methods()]
    others = [(table, "") for table in declared(Config) if table != "upstream"]
    assert sorted(shown) == sorted(others + upstreams)
    assert [entry for entry in shown if entry[0] == "upstream"] == upstreams


@pytest.mark.parametrize(("name", "method", "table"), shown_tables())
def test_the_default_file_names_every_key(name, method, table):
    """A key that can be set is shown, with a value its model takes, and in the model's order."""
    fields = model_fields(name, method)
    assert list(table) == list(fields)


@pytest.mark.parametrize(("name", "method", "table"), shown_tables())
def test_the_default_file_shows_the_defaults(name, method, table):
    """What the default file shows for a key is its default; an example stands only where there is none."""
    whole = model_of(name, method)
    alone = {key: value for key, value in table.items() if key not in {"password", "client_secret"}}
    checked: Any = made(whole, alone)
    for key, about in declared(whole).items():
        default = about.default
        if about.is_derived:
            default = getattr(made(whole, {other: alone[other] for other in alone if other != key}), key)
        if not about.is_required and default is not None:
            assert getattr(checked, key) == default, key


def test_only_keys_without_a_default_are_switched_off():
    """In a table that is in force, a setting is switched off only if it has no default."""
    switched_off = re.findall(
        r"^#([a-z_]+) = ", GATEWAY_TOML[: GATEWAY_TOML.index("# Method 1 for a High Volume")], flags=re.MULTILINE
    )
    fields = model_fields("upstream", "client-auth")
    assert switched_off
    assert all(fields[key].default is None for key in switched_off)


def test_every_key_says_why_one_would_change_it():
    """Each key has an explanation above it, its own or one it shares with the key before."""
    lines = GATEWAY_TOML.splitlines()
    bare = [
        line
        for above, line in pairwise(lines)
        if re.match(r"#?[a-z_]+ = ", line) and not re.match(r"#? ?[a-z_\[]|# ", above)
    ]
    assert bare == []


def test_the_demo_loads_without_a_word():
    """The first run needs no Office 365, no root and no edit, and warns of nothing."""
    loaded = load(FOLDER / "demo.toml", {})
    assert isinstance(loaded, Loaded), str(loaded)
    config, var = loaded.config, FOLDER.parent / "var"
    assert loaded.warnings == ()
    assert config.gateway.state == var / "state"
    assert config.upstream[0] == Maildir(method="maildir", path=var / "mailbox")
    assert (config.share[0].path, config.share[0].to, config.share[0].quiet) == (
        var / "scans",
        ("office@example.com",),
        1.0,
    )
    assert (config.smtp[0].listen, config.smtp[0].clients) == ("127.0.0.1:2525", ("127.0.0.0/8", "::1/128"))
    assert config.smtp[0].recipients == ("example.com",)


@pytest.mark.parametrize("table", keys.TABLES)
def test_every_default_passes_its_own_check(table):
    """No default is outside its own limits: writing it down in the file is always right."""
    for model in keys.models(table):
        for one in fields(model):
            about = declared(model)[one.name]
            assert about.description, one.name
            if isinstance(about.default, str) and about.default:
                annotated: Any = one.type
                assert made(annotated, about.default) == about.default
