"""Whether a JPEG's headers and tables let a decoder begin: what can be known of its soundness without decoding it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_FRAMES, _PROGRESSIVE = frozenset({0xC0, 0xC1, 0xC2}), 0xC2
_UNKNOWN = frozenset({*range(0x02, 0xC0), 0xC8, 0xDE, 0xDF, *range(0xF0, 0xFE)})
"""ITU-T T.81 table B.1: reserved, hierarchical, or of extensions; no decoder of baseline and progressive knows them."""

_TABLES, _BLOCKS, _SAMPLES = 4, 10, 4
"""T.81: table numbers below 4 (B.2.4), blocks of one MCU (B.2.3) and sampling factors (B.2.2) at most."""

_CLASS = 0x10
"""Added to the number of a Huffman table for AC coefficients, as DHT writes it."""

_LAST_COEFFICIENT, _MOST_SHIFT, _MOST_BITS = 63, 13, 15
_NO_DETAIL = (_MOST_SHIFT + 1,) * (_LAST_COEFFICIENT + 1)


@dataclass(frozen=True, slots=True)
class Headers:
    """What the segments of one picture have defined so far.

    ``components`` are the frame's: id, blocks in an MCU, quantisation table. ``bad`` are Huffman tables that make no
    code. ``lacks_tables``: a scan needs a table that no segment brought, as when they stand apart in a TIFF.
    ``detail``: of a progressive picture, by component, the bits that each of its 64 coefficients still lacks.
    """

    quantisation: frozenset[int] = frozenset()
    huffman: frozenset[int] = frozenset()
    bad: frozenset[int] = frozenset()
    components: tuple[tuple[int, int, int], ...] = ()
    is_progressive: bool = False
    scanned: frozenset[int] = frozenset()
    lacks_tables: bool = False
    detail: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def lacks_scans(self) -> bool:
        """Whether a progressive picture stops before all of its detail has come, as when its end is cut off."""
        return any(any(self.detail.get(component, _NO_DETAIL)) for component, _, _ in self.components if self.detail)


def after_segment(headers: Headers, code: int, body: bytes) -> Headers | None:
    """``headers`` and what the segment of marker ``code`` adds to them; None when no decoder could go on from there.

    The rules are those of T.81 B.2 that decoders insist on.
    """
    match code:
        case 0xDB:
            return _with_quantisation(headers, body)
        case 0xC4:
            return _with_huffman(headers, body)
        case _ if code in _FRAMES:
            return _with_frame(headers, code, body)
        case 0xDA:
            return _with_scan(headers, body)
        case 0xDD if len(body) != 2:  # noqa: PLR2004 -- T.81 B.2.4.4: a restart interval takes two bytes
            return None
        case _:
            return None if code in _UNKNOWN else headers


def _with_quantisation(headers: Headers, body: bytes) -> Headers | None:
    found, at = set(headers.quantisation), 0
    while at < len(body):
        precision, number = body[at] >> 4, body[at] & 15
        at += 1 + 64 * (2 if precision else 1)
        if number >= _TABLES or at > len(body):
            return None
        found.add(number)
    return replace(headers, quantisation=frozenset(found))


def _with_huffman(headers: Headers, body: bytes) -> Headers | None:
    good, bad, at = set(headers.huffman), set(headers.bad), 0
    while at < len(body):
        counts, number = body[at + 1 : at + 17], body[at]
        symbols = body[at + 17 : at + 17 + sum(counts)]
        if len(counts) < 16 or len(symbols) < sum(counts) or number & 0xEF >= _TABLES:  # noqa: PLR2004 -- code lengths
            return None
        at += 17 + sum(counts)
        is_good = _is_code(counts) and (number >= _CLASS or max(symbols, default=0) <= _MOST_BITS)
        good, bad = (good | {number}, bad - {number}) if is_good else (good - {number}, bad | {number})
    return replace(headers, huffman=frozenset(good), bad=frozenset(bad))


def _is_code(counts: bytes) -> bool:
    """Whether so many codes of each length fit, none of them all ones (T.81 C.2)."""
    code = 0
    for length, count in enumerate(counts, 1):
        code += count
        if count and code >= 1 << length:
            return False
        code <<= 1
    return sum(counts) <= 256  # noqa: PLR2004 -- as many symbols as a byte has values


def _with_frame(headers: Headers, code: int, body: bytes) -> Headers | None:
    if len(body) < 6 or len(body) != 6 + 3 * body[5]:  # noqa: PLR2004 -- T.81 B.2.2
        return None
    components = []
    for at in range(6, len(body), 3):
        across, down, table = body[at + 1] >> 4, body[at + 1] & 15, body[at + 2]
        if not (1 <= across <= _SAMPLES and 1 <= down <= _SAMPLES and table < _TABLES):
            return None
        components.append((body[at], across * down, table))
    return replace(headers, components=tuple(components), is_progressive=code == _PROGRESSIVE)


def _with_scan(headers: Headers, body: bytes) -> Headers | None:
    if not body or not 1 <= body[0] <= _TABLES or len(body) != 4 + 2 * body[0]:
        return None
    ids, tables = body[1:-3:2], body[2:-3:2]
    known = {component: (blocks, table) for component, blocks, table in headers.components}
    if len(set(ids)) < len(ids) or not known.keys() >= set(ids):
        return None
    if len(ids) > 1 and sum(known[component][0] for component in ids) > _BLOCKS:
        return None
    if not headers.is_progressive and headers.scanned >= known.keys():
        # Every component has been told already.
        return None
    needed = _needed(tables, body[-3:], is_progressive=headers.is_progressive)
    if needed is None or needed & headers.bad or any(number & 0xEF >= _TABLES for number in needed):
        return None
    is_lacking = not needed <= headers.huffman or not {known[one][1] for one in ids} <= headers.quantisation
    detail = _with_detail(headers.detail, ids, body[-3:]) if headers.is_progressive else headers.detail
    lacks_tables = headers.lacks_tables or is_lacking
    return replace(headers, scanned=headers.scanned | set(ids), lacks_tables=lacks_tables, detail=detail)


def _with_detail(detail: Mapping[int, tuple[int, ...]], ids: bytes, spectrum: bytes) -> Mapping[int, tuple[int, ...]]:
    """``detail`` after a scan of these components: it brings coefficients first to last down to its low bit."""
    first, last, low = spectrum[0], spectrum[1], spectrum[2] & 15
    found = dict(detail)
    for component in ids:
        before = found.get(component, _NO_DETAIL)
        found[component] = (*before[:first], *(low for _ in range(first, last + 1)), *before[last + 1 :])
    return found


def _needed(tables: bytes, spectrum: bytes, *, is_progressive: bool) -> frozenset[int] | None:
    """The Huffman tables a scan decodes by; None when its part of the spectrum makes no sense (T.81 G.1.1.1)."""
    direct = frozenset(table >> 4 for table in tables)
    other = frozenset(_CLASS | table & 15 for table in tables)
    if not is_progressive:
        return direct | other
    first, last, before, shift = spectrum[0], spectrum[1], spectrum[2] >> 4, spectrum[2] & 15
    is_sound = (first == last == 0) if first == 0 else (first <= last <= _LAST_COEFFICIENT and len(tables) == 1)
    if not is_sound or shift > _MOST_SHIFT or before not in {0, shift + 1}:
        return None
    if first:
        return other
    return frozenset() if before else direct
