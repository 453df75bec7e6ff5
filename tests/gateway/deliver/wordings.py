"""Replies as they were seen, by the entry of the catalogue that they are for."""

import tomllib
from pathlib import Path
from typing import Final

WORDINGS: Final[dict[str, list[str]]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
