import os
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hotfolder.numbering import Numbered, natural_key, numbered, upload_of


@pytest.mark.parametrize(
    ("name", "stem", "digits", "suffix"),
    [
        ("Doc_0001.tif", "Doc_", "0001", ".tif"),
        ("1.jpg", "", "1", ".jpg"),
        ("Scan_12_0003.tif", "Scan_12_", "0003", ".tif"),
        ("20261125-0007", "20261125-", "0007", ""),
        ("page.07.tif", "page.", "07", ".tif"),
        ("alice/0007.tif", "alice/", "0007", ".tif"),
        ("two\nlines 5.tif", "two\nlines ", "5", ".tif"),
        (os.fsdecode(b"Gr\xfc\xdfe_2.tif"), os.fsdecode(b"Gr\xfc\xdfe_"), "2", ".tif"),
    ],
)
def test_the_number_stands_before_the_extension(name: str, stem: str, digits: str, suffix: str):
    """A name is taken apart into what a series shares and the number of the page."""
    found = numbered(name)
    assert found == Numbered(stem, digits, suffix)
    assert found.name_of(found.index) == name


@pytest.mark.parametrize(
    "name",
    ["scan.pdf", "Doc.0001", "scan (2).pdf", "Doc_0001a.tif", "scan~2.pdf", "Doc_" + "1" * 19 + ".tif", "٣.tif", ""],
)
def test_other_names_have_no_number(name: str):
    """What is not plainly a page number is none; nor is the mark of a file that was given back."""
    assert numbered(name) is None


@pytest.mark.parametrize(
    ("one", "two", "is_next"),
    [
        ("Doc_0001.tif", "Doc_0002.tif", True),
        ("Doc_0009.tif", "Doc_0010.tif", True),
        ("Doc_9.tif", "Doc_10.tif", True),
        ("Doc_999.tif", "Doc_1000.tif", True),
        ("Doc_1.tif", "Doc_02.tif", False),
        ("Doc_0001.tif", "Doc_0003.tif", False),
        ("Doc_0002.tif", "Doc_0001.tif", False),
        ("Doc_0001.tif", "Doc_0001.tif", False),
        ("Doc_0001.tif", "doc_0002.tif", False),
        ("Doc_0001.tif", "Doc_0002.TIF", False),
        ("Doc_0001.tif", "Dok_0002.tif", False),
        ("alice/0001.tif", "bob/0002.tif", False),
    ],
)
def test_a_page_follows_when_only_the_number_has_grown_by_one(one: str, two: str, is_next: bool):  # noqa: FBT001
    """Another stem, extension, folder, spelling or step is never the next page."""
    first, second = numbered(one), numbered(two)
    assert first is not None
    assert second is not None
    assert first.is_next(second) is is_next


@pytest.mark.parametrize(
    ("one", "two", "is_wrapped"),
    [
        ("Doc_9999.tif", "Doc_0001.tif", True),
        ("Doc_9999.tif", "Doc_0000.tif", True),
        ("Doc_99999.tif", "Doc_00001.tif", True),
        ("Doc_9999.tif", "Doc_0002.tif", False),
        ("Doc_9998.tif", "Doc_0001.tif", False),
        ("Doc_9999.tif", "Doc_1.tif", False),
        ("Doc_9.tif", "Doc_1.tif", False),
        ("Doc_9999.tif", "Dok_0001.tif", False),
    ],
)
def test_a_counter_begins_again_after_all_nines(one: str, two: str, is_wrapped: bool):  # noqa: FBT001  a table
    """Case 23: a counter of four digits goes on with 0000 or 0001 after 9999; a short number does not."""
    first, second = numbered(one), numbered(two)
    assert first is not None
    assert second is not None
    assert first.is_wrapped(second) is is_wrapped


@given(st.text(alphabet=st.characters(exclude_categories=[], exclude_characters="\0"), max_size=60))
@example("9" * 250)
def test_any_name_can_be_taken_apart(name: str):
    """Whatever a device calls its files, it is a number of a series or none, and sorts."""
    found = numbered(name)
    assert found is None or (found.stem + found.digits + found.suffix == name and found.name_of(found.index) == name)
    assert natural_key(name) == natural_key(name)


@pytest.mark.parametrize(
    "names",
    [
        ["scan1.jpg", "scan2.jpg", "scan10.jpg"],
        ["page-1.tif", "Page-2.tif", "page-3.tif"],
        ["a.jpg", "b 2.jpg", "b 11.jpg", "c.jpg"],
        ["2026-01-09 1.tif", "2026-01-10 1.tif"],
        ["cover.jpg", "cover1.jpg"],
        ["1.jpg", "1.tif", "2.jpg"],
    ],
)
def test_names_are_sorted_as_people_count(names: list[str]):
    """Numbers count as numbers wherever they stand, letters without their case."""
    shuffled = names[::-1]
    assert sorted(shuffled, key=natural_key) == names


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_alone_decide_where_nothing_else_differs(numbers: list[int]):
    """Names that differ in one number sort by it."""
    names = [f"Doc_{number}.tif" for number in numbers]
    assert [PurePosixPath(name).stem for name in sorted(names, key=natural_key)] == [
        f"Doc_{number}" for number in sorted(numbers)
    ]


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("Doc_0007.tif.part", "Doc_0007.tif"),
        (".Doc_0007.tif.PART", "Doc_0007.tif"),
        ("~Doc_0007.tif", "Doc_0007.tif"),
        (".Doc_0007.tif.Xq3f", "Doc_0007.tif"),
        (".Doc_0007.tif.tmp.part", "Doc_0007.tif"),
        ("alice/.Doc_0007.tif", "alice/Doc_0007.tif"),
        ("Doc_0007.tmp", "Doc_0007"),
        ("Doc_0007.tif", "Doc_0007.tif"),
    ],
)
def test_an_uploads_name_says_which_page_it_will_be(key: str, name: str):
    """What hides a page until it is whole is taken off its name; an extension that is not there is not made up."""
    assert upload_of(key) == numbered(name)


@pytest.mark.parametrize("key", ["x.tmp", ".part", "~", "", "a7/.tmp", "upload.filepart", "scan~2.part"])
def test_an_upload_of_no_number_is_no_page(key: str):
    """A name that does not say which page it will be belongs to no series; a folder's number is no page's."""
    assert upload_of(key) is None


@given(st.text())
@example("/.part.part")
def test_any_uploads_name_is_taken_apart(key: str):
    """Whatever a file is called, asking for its page gives a number or none."""
    found = upload_of(key)
    assert found is None or found.digits.isascii()
