"""What dictionaries of a PDF are, from the keys they stand under."""

import pytest

from image.pdf.keys import ACTIVE_KEYS, NAME_MAPS, PAGE_KEYS, ROOT_KEYS, role_of


@pytest.mark.parametrize(
    ("parent", "key", "is_name_map"),
    [
        ("/Resources", "/XObject", True),
        ("/Resources", "/Font", True),
        ("", "/CharProcs", True),
        ("/XObject", "/Resources", False),  # an image that its maker called Resources
        ("", "/Group", False),
    ],
)
def test_maps_of_names_are_known(parent: str, key: str, is_name_map: bool):  # noqa: FBT001 -- a parameter
    """A dictionary whose keys are names of the maker's own is known by where it stands."""
    assert (role_of(parent, key) in NAME_MAPS) is is_name_map


def test_nothing_active_is_kept():
    """No key that is kept is one that must go."""
    assert not (PAGE_KEYS | ROOT_KEYS) & ACTIVE_KEYS
