"""A secret as it is held: it prints as stars wherever it is printed by mistake."""

from collections.abc import Callable
from typing import Any, Final, final

_STARS: Final = "**********"


@final
class SecretStr:
    """A text that is told only when asked for. No dataclass, so that ``asdict`` does not spell it out."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def get_secret_value(self) -> str:
        """Return the secret itself."""
        return self._text

    def __len__(self) -> int:
        return len(self._text)

    def __str__(self) -> str:
        return _STARS if self._text else ""

    def __repr__(self) -> str:
        return f"SecretStr({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretStr) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Callable[[Any], Any]) -> Any:
        """Return the schema, for pydantic: a text, or what already is a secret."""
        from pydantic_core import core_schema

        def taken(value: object, read: Callable[[object], str]) -> "SecretStr":
            return value if isinstance(value, SecretStr) else SecretStr(read(value))

        drawn = {"pydantic_js_updates": {"format": "password", "writeOnly": True}}
        return core_schema.no_info_wrap_validator_function(taken, core_schema.str_schema(), metadata=drawn)
