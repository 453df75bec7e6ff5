import pytest

from tests.conf.given import RIGHT, mistakes, right

pytestmark = pytest.mark.usefixtures("folder")


@pytest.mark.parametrize(
    ("lines", "quiet_s"),
    [
        ("", 5.0),
        ('profile = "fast"', 2.0),
        ('profile = "standard"', 5.0),
        ('profile = "page-append"', 15.0),
        ('profile = "page-append"\nquiet = "3s"', 3.0),
        ('quiet = "3s"\nprofile = "page-append"', 3.0),
    ],
)
def test_a_profile_sets_the_quiet_window(lines: str, quiet_s: float):
    """Each device profile has its quiet window, and one that is given goes before it, wherever it stands."""
    assert right(f"{RIGHT}{lines}\n").config.share[0].quiet == quiet_s


def test_an_unknown_profile_is_told_with_the_choice():
    """A profile that there is not is the only mistake told, with what may stand there."""
    (found,) = mistakes(f'{RIGHT}profile = "page-apend"\n')
    assert found.startswith("gateway.toml:15: share[0].profile: ")
    assert '"fast", "standard" or "page-append"' in found


def test_a_profile_counts_in_the_rules_across_keys():
    """A broken file cannot fail before the profile's quiet window is over."""
    (found,) = mistakes(f'{RIGHT}profile = "page-append"\nincomplete_timeout = "10s"\n')
    assert "must be longer than quiet (15s)" in found
