"""Arrive, from a share: takes a scan when, and only when, it is whole. Knows nothing of mail."""
