import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in an empty folder, so that messages name ``gateway.toml`` and nothing else."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
