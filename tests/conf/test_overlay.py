from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf.overlay import copied, overlay, rooted, variable_name

FILE: dict[str, Any] = {
    "gateway": {"name": "box", "admin": ["a@b.c"]},
    "upstream": [{"method": "client-auth", "password_file": "p"}, {"method": "relay", "port": 25}],
}


@pytest.mark.parametrize(
    ("variable", "text", "path", "value"),
    [
        ("SCANGATE_GATEWAY__NAME", "branch-12", ("gateway", "name"), "branch-12"),
        ("SCANGATE_GATEWAY__ADMIN", "x@y.z, u@v.w,", ("gateway", "admin"), ["x@y.z", "u@v.w"]),
        ("SCANGATE_GATEWAY__ADMIN", "", ("gateway", "admin"), []),
        ("SCANGATE_UPSTREAM__1__PORT", "2525", ("upstream", 1, "port"), 2525),
        ("SCANGATE_UPSTREAM__1__PORT", "many", ("upstream", 1, "port"), "many"),
        ("SCANGATE_UPSTREAM__1__PORT", "9" * 5000, ("upstream", 1, "port"), "9" * 5000),
        ("SCANGATE_UPSTREAM__1__HOST", "25", ("upstream", 1, "host"), "25"),
        ("SCANGATE_UPSTREAM__2__METHOD", "maildir", ("upstream", 2, "method"), "maildir"),
        ("SCANGATE_SHARE__0__TO", "x@y.z", ("share", 0, "to"), ["x@y.z"]),
        ("SCANGATE_PDF__PAGES", "-3", ("pdf", "pages"), -3),
        ("SCANGATE_PDF__MAIL_LIMIT", "20 MB", ("pdf", "mail_limit"), "20 MB"),
    ],
)
def test_a_variable_sets_its_key(variable, text, path, value):
    """A variable sets one key, in the type of that key, and the file's other keys stay."""
    overlaid = overlay(FILE, {variable: text, "HOME": "/", "SCANGATE_": "x"})
    found = overlaid.values[path[0]]
    for part in path[1:]:
        found = found[part]
    assert found == value
    assert path in overlaid.from_environment
    assert overlaid.findings == ()
    assert overlaid.values["upstream"][0] == FILE["upstream"][0]


def test_the_file_is_left_as_it_is():
    """What was read from the file is not changed by what is set over it."""
    before = repr(FILE)
    overlay(
        FILE, {"SCANGATE_GATEWAY__NAME": "x", "SCANGATE_UPSTREAM__0__PASSWORD": "x", "SCANGATE_UPSTREAM__2__NAME": "x"}
    )
    assert repr(FILE) == before


@pytest.mark.parametrize(
    ("key", "twin"),
    [("PASSWORD", "password_file"), ("PASSWORD_FILE", "password"), ("CLIENT_SECRET", "client_secret_file")],
)
def test_a_secret_from_the_environment_displaces_the_file_s(key, twin):
    """A secret set in the environment wins over the file's, whether either is a value or the name of a file."""
    overlaid = overlay({"upstream": [{twin: "x"}]}, {f"SCANGATE_UPSTREAM__0__{key}": "y"})
    assert overlaid.values["upstream"] == [{key.lower(): "y"}]


def test_both_halves_from_the_environment_are_kept():
    """Two contradicting variables are not silently one: both stay, to be reported."""
    environ = {"SCANGATE_UPSTREAM__0__PASSWORD": "x", "SCANGATE_UPSTREAM__0__PASSWORD_FILE": "y"}
    assert overlay({}, environ).values["upstream"] == [{"password": "x", "password_file": "y"}]


@pytest.mark.parametrize(
    ("written", "variable"),
    [
        ({"upstream": {"name": "x"}}, "SCANGATE_UPSTREAM__0__NAME"),
        ({"upstream": ["x"]}, "SCANGATE_UPSTREAM__0__NAME"),
        ({"gateway": [{}]}, "SCANGATE_GATEWAY__NAME"),
        ({"gateway": 3}, "SCANGATE_GATEWAY__NAME"),
    ],
)
def test_a_table_of_the_wrong_shape_is_not_set_over(written, variable):
    """A table the file has in a wrong shape stays as it is, for the model to report."""
    overlaid = overlay(written, {variable: "y"})
    assert (overlaid.values, overlaid.from_environment, overlaid.findings) == (written, frozenset(), ())


def test_variables_count_upstreams_as_numbers():
    """Ten upstreams can be made of variables alone: 10 comes after 9, not after 1."""
    overlaid = overlay({}, {f"SCANGATE_UPSTREAM__{index}__NAME": f"u{index}" for index in range(12)})
    assert [upstream["name"] for upstream in overlaid.values["upstream"]] == [f"u{index}" for index in range(12)]
    assert overlaid.findings == ()


@pytest.mark.parametrize(
    ("variable", "what", "is_warning"),
    [
        ("SCANGATE_GATEWAY_NAME", "sets nothing; did you mean SCANGATE_GATEWAY__NAME, with two underscores?", True),
        ("SCANGATE_GATWAY__NAME", "names no table; did you mean GATEWAY?", False),
        (
            "SCANGATE_X__NAME",
            "names no table: GATEWAY, SENDER, UPSTREAM, SHARE, SMTP, SAMBA, PDF, MAIL, DELIVERY, LOG",
            False,
        ),
        ("SCANGATE_GATEWAY__A__B", "must be SCANGATE_GATEWAY__KEY", False),
        ("SCANGATE_UPSTREAM__PASSWORD", "must say which one, from 0: SCANGATE_UPSTREAM__0__KEY", False),
        ("SCANGATE_UPSTREAM__X__PASSWORD", "must say which one, from 0: SCANGATE_UPSTREAM__0__KEY", False),
        ("SCANGATE_UPSTREAM__-1__PASSWORD", "must say which one, from 0: SCANGATE_UPSTREAM__0__KEY", False),
        ("SCANGATE_UPSTREAM__3__PASSWORD", "leaves a gap: there are 2 [[upstream]], so the next is 2", False),
    ],
)
def test_a_variable_of_another_shape_is_told(variable, what, is_warning):
    """A variable that looks like a setting and is none never goes unnoticed."""
    (finding,) = overlay(FILE, {variable: "x"}).findings
    assert (finding.at, finding.what, finding.is_warning) == ((variable,), what, is_warning)


@pytest.mark.parametrize("variable", ["SCANGATE_CONFIG", "scangate_gateway__name", "PATH", "MY_SCANGATE_GATEWAY__NAME"])
def test_other_variables_are_not_looked_at(variable):
    """Only what begins like a setting, in capitals, is one."""
    overlaid = overlay(FILE, {variable: "x"})
    assert (overlaid.values, overlaid.findings) == (FILE, ())


@given(
    st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["gateway", "upstream"]), st.none() | st.lists(st.text()) | st.text()
    ),
    st.dictionaries(
        st.lists(st.sampled_from(["GATEWAY", "UPSTREAM", "0", "1", "٣", "NAME", "", "X"]), max_size=4).map(
            lambda parts: "SCANGATE_" + "__".join(parts)
        ),
        st.text(),
    ),
)
def test_any_variables_over_any_file_do_no_harm(written, environ):
    """Whatever shape file and variables have, the overlay gives values and sentences, and holds no value in them."""
    overlaid = overlay(written, environ)
    assert set(written) <= set(overlaid.values)
    assert all(len(finding.at) == 1 and finding.at[0] in environ for finding in overlaid.findings)


@pytest.mark.parametrize(
    ("path", "variable"),
    [
        (("gateway", "name"), "SCANGATE_GATEWAY__NAME"),
        (("gateway", "admin", 1), "SCANGATE_GATEWAY__ADMIN"),
        (("upstream", 0, "port"), "SCANGATE_UPSTREAM__0__PORT"),
        (("upstream", 0, "domains", 1), "SCANGATE_UPSTREAM__0__DOMAINS"),
        (("upstream", 0), "SCANGATE_UPSTREAM__0"),
    ],
)
def test_a_key_names_its_variable(path, variable):
    """A mistake in a variable is told under the variable's name."""
    assert variable_name(path) == variable


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"gateway": {"state": "../var/state"}}, {"gateway": {"state": "/etc/var/state"}}),
        ({"gateway": {"state": "/a/../b"}}, {"gateway": {"state": "/b"}}),
        ({"share": [{"path": "x"}, {"path": 3}, 4]}, {"share": [{"path": "/etc/gate/x"}, {"path": 3}, 4]}),
        ({"upstream": [{"key_file": "credential:k"}]}, {"upstream": [{"key_file": "credential:k"}]}),
        ({"upstream": [{"path": "credential:k"}]}, {"upstream": [{"path": "/etc/gate/credential:k"}]}),
        ({"upstream": [{"password": "a/b", "name": "a/b"}]}, {"upstream": [{"password": "a/b", "name": "a/b"}]}),
        ({"gateway": {"state": ""}, "smtp": 3}, {"gateway": {"state": ""}, "smtp": 3}),
    ],
)
def test_paths_are_taken_from_the_files_folder(values, expected):
    """Every key that is a path becomes absolute from the file's folder; other keys and wrong types stay."""
    assert rooted(values, Path("/etc/gate")) == expected


def test_a_copy_goes_as_deep_as_tables_do():
    """Tables are copied so that they can be set; what is deeper is shared, however deep it is."""
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    values = {"gateway": {"name": "x"}, "upstream": [{"name": "y"}], "deep": deep}
    copy = copied(values)
    copy["gateway"]["name"] = copy["upstream"][0]["name"] = "z"
    assert (values["gateway"], values["upstream"]) == ({"name": "x"}, [{"name": "y"}])
