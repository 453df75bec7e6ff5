from pathlib import Path

import pytest

from conf import keys


def test_every_table_is_known_in_its_shape():
    """Tables that may stand several times are told from those that stand once."""
    assert [keys.heading(table) for table in keys.TABLES] == [
        "[gateway]", "[sender]", "[[upstream]]", "[[share]]", "[[smtp]]", "[samba]", "[pdf]", "[mail]",
        "[delivery]", "[log]",
    ]  # fmt: skip


def test_methods_stand_in_recommended_order():
    """The order of the methods is the one recommended everywhere."""
    assert tuple(keys.methods()) == ("client-auth", "high-volume", "direct-send", "relay", "maildir")


@pytest.mark.parametrize(
    ("table", "key", "kind", "expected"),
    [
        ("upstream", "port", int, True),
        ("upstream", "ca_file", Path, True),
        ("upstream", "path", Path, True),
        ("upstream", "domains", tuple, True),
        ("upstream", "name", Path, False),
        ("gateway", "admin", tuple, True),
        ("gateway", "name", int, False),
    ],
)
def test_the_kind_of_a_key_is_read_off_the_model(table, key, kind, expected):
    """Optional and annotated fields show the kind of value they hold."""
    found = keys.field(table, key)
    assert found is not None
    assert keys.is_of(found, kind) is expected


def test_an_unknown_key_has_no_field():
    """Nothing is made up for a key that no model of the table has."""
    assert keys.field("gateway", "port") is None


def test_all_paths_are_found():
    """Every key that holds a path is known, so that each is taken from the file's folder."""
    assert {table: keys.path_keys(table) for table in keys.TABLES if keys.path_keys(table)} == {
        "gateway": ("state",),
        "upstream": (
            "ca_file",
            "password_file",
            "client_secret_file",
            "certificate_file",
            "key_file",
            "dkim_key_file",
            "path",
        ),
        "share": ("path", "password_file"),
        "smtp": ("certificate_file", "key_file", "password_file"),
        "samba": ("logs",),
    }


@pytest.mark.parametrize(
    ("written", "expected"), [("usrname", "username"), ("USERNAME", "username"), ("zzz", None), ("", None)]
)
def test_the_nearest_name_is_near_or_none(written, expected):
    """A typing mistake finds its name; something else finds nothing."""
    assert keys.nearest(written, ("username", "password", "host")) == expected
