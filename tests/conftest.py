"""Fixtures for every test: the peers on the other side; and what holds for every test."""

from hypothesis import settings

pytest_plugins = ["tests.peers.fixtures"]

settings.register_profile("scangate", deadline=None)  # a time limit tells of the machine, not of us
settings.load_profile("scangate")
