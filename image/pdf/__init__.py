"""Incoming PDFs made harmless, and finished PDFs made to fit: the only package that knows pikepdf."""
