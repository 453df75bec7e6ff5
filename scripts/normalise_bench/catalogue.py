"""What is converted: the inputs of the benchmark, by letter, and where their files stand."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Input:
    """One scan: its letter, what it is, its file names in order, and how many pages it has."""

    key: str
    title: str
    names: tuple[str, ...]
    pages: int

    def paths(self, folder: Path) -> tuple[Path, ...]:
        """Its files in the folder of inputs."""
        return tuple(folder / name for name in self.names)


def _jpegs(count: int) -> tuple[str, ...]:
    return tuple(f"b-{number:03}.jpg" for number in range(count))


INPUTS = (
    Input("a", "50-page A4 300 dpi G4 TIFF, a strip a page", ("a.tif",), 50),
    Input("a2", "the same in strips of 128 rows", ("a2.tif",), 50),
    Input("d", "200-page G4 TIFF, a strip a page", ("d.tif",), 200),
    Input("b", "20 colour A4 300 dpi JPEGs, quality 80", _jpegs(20), 20),
    Input("b200", "200 such JPEGs", _jpegs(200), 200),
    Input("c", "20-page colour A4 300 dpi LZW TIFF", ("c.tif",), 20),
    Input("e", "one uncompressed colour A4 at 600 dpi", ("e.tif",), 1),
    Input("f", "200-page scan PDF to clean", ("f.pdf",), 200),
)
