"""What can be set about the mails that scans go out in: what they are called, and what they show."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from conf import template
from conf.spelling import Count, Line

Template = Annotated[Line, AfterValidator(template.check)]


class Mail(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """How the mail of a scan looks."""

    subject: Template = Field(default="{subject}", max_length=200, description="the mail's subject")
    file_name: Template = Field(default="{name}", max_length=200, description="what the PDF is called, without .pdf")
    thumbnails: Count = Field(default=3, ge=0, le=4, description="first pages shown small in the mail; 0: none")
