"""``python -m gateway`` is ``scangate``."""

from gateway.cli import main

main()
