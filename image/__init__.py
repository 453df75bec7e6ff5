"""Normalise: scan files to one clean PDF. Knows nothing of mail, shares or the service."""
