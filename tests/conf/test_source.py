from pathlib import Path

import pytest

from conf.finding import Mistake
from conf.source import LARGEST_BYTES, Source, read_source


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"a = 1\r\n", "a = 1\r\n"),
        (b"\xef\xbb\xbfa = 1\n", "a = 1\n"),
        ("a = 'ü'".encode(), "a = 'ü'"),
    ],
)
def test_a_text_is_read_whatever_wrote_it(tmp_path, data, text):
    """A file from any editor reads alike: with or without byte order mark, with either line end."""
    path = tmp_path / "gateway.toml"
    path.write_bytes(data)
    path.chmod(0o600)
    assert read_source(path) == Source(str(path), tmp_path.resolve(), text, is_open_to_all=False)


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"a = 1\nb = '\xfc'\n", 2, "holds a byte that is not UTF-8 (0xFC): save the file as UTF-8"),
        ("a = 1\n".encode("utf-16"), None, "is UTF-16 text: save it as UTF-8"),
        (b"#" * (LARGEST_BYTES + 1), None, "is over 1024 KiB: name another file"),
    ],
)
def test_what_is_no_text_is_one_sentence(tmp_path, data, line, what):
    """Another encoding, or a file that cannot be a configuration, is told with its line."""
    path = tmp_path / "gateway.toml"
    path.write_bytes(data)
    assert read_source(path) == Mistake(str(path), line, "", what)


def test_a_missing_file_or_a_directory_is_one_sentence(tmp_path):
    """No file, and a directory in its place, are told."""
    assert str(read_source(tmp_path)) == f"{tmp_path}: is a directory: name a file in it"
    assert str(read_source(tmp_path / "x")) == f"{tmp_path / 'x'}: does not exist: write it, or name another file"


def test_no_path_is_an_empty_text(tmp_path, monkeypatch):
    """Without a file everything comes from the environment, and relative paths from the current folder."""
    monkeypatch.chdir(tmp_path)
    assert read_source(None) == Source("configuration", Path.cwd(), "", is_open_to_all=False)


def test_the_folder_is_where_the_name_stands(tmp_path):
    """Relative paths are taken from the folder the file is named in, links to that folder followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to("real")
    (tmp_path / "store.toml").write_text("")
    (tmp_path / "real" / "gateway.toml").symlink_to(tmp_path / "store.toml")
    source = read_source(tmp_path / "linked" / "gateway.toml")
    assert isinstance(source, Source)
    assert source.folder == (tmp_path / "real").resolve()
