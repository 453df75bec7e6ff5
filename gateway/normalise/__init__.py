"""From accepted to ready: the files of a job become one PDF, and the PDF one mail."""
