"""The PDF written: pages, colour profiles, and the marks of an archive."""
