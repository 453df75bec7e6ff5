import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder: messages name ``gateway.toml`` alone, and nothing is written where the tests stand."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
