"""Finished PDFs made searchable, upright and straight by OCRmyPDF and Tesseract, when asked for."""
