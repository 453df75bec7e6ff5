"""What a call came to: its value or its refusal."""

from collections.abc import Callable
from typing import TypeVar

from image.errors import ScanError

T = TypeVar("T")


def outcome(call: Callable[[], T]) -> T | ScanError:
    """The value of ``call``, or the ScanError it raised; every other error comes through and fails the test."""
    try:
        return call()
    except ScanError as error:
        return error
