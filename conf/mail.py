"""What can be set about the mails that scans go out in: what they are called, and what they show."""

from typing import Annotated

from conf import template
from conf.declare import After, key, table
from conf.spelling import Count, Line

Template = Annotated[Line, After(template.check)]


@table
class Mail:
    """How the mail of a scan looks."""

    subject: Template = key(default="{subject}", max_length=200, description="the mail's subject")
    file_name: Template = key(default="{name}", max_length=200, description="what the PDF is called, without .pdf")
    thumbnails: Count = key(default=3, ge=0, le=4, description="first pages shown small in the mail; 0: none")
