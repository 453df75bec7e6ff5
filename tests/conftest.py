"""Fixtures for every test: the peers on the other side."""

pytest_plugins = ["tests.peers.fixtures"]
