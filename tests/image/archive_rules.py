"""The rules of PDF/A-2b that our files could break, as we read ISO 19005-2; another validator knows part 1."""

import io

import pikepdf

from tests.image.archive_rules_colour import broken_in_intents
from tests.image.archive_rules_drawing import broken_in_drawing
from tests.image.archive_rules_file import broken_in_file
from tests.image.archive_rules_marks import broken_in_marks
from tests.image.archive_rules_xmp import broken_in_xmp

REPAIRED = "no clause, but qpdf had to repair it"


def broken_rules(data: bytes) -> list[str]:
    """What in the PDF ``data`` keeps it from being PDF/A-2b, as "clause: what"; empty when nothing is known.

    Left out: what only fonts, tags and spot colours can break, beyond that fonts must be embedded.
    """
    found = list(broken_in_file(data))
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            for rules in (broken_in_intents, broken_in_drawing, broken_in_marks, broken_in_xmp):
                found += rules(pdf)
            found += [f"{REPAIRED}: {warning}" for warning in pdf.get_warnings()]
    except pikepdf.PdfError as error:
        found.append(f"{REPAIRED}: {error}")
    return list(dict.fromkeys(found))


def clauses(data: bytes) -> set[str]:
    """The clauses alone."""
    return {rule.partition(":")[0] for rule in broken_rules(data)} - {REPAIRED}
