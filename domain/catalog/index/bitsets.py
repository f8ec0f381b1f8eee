"""Bitsets: sets of courses as integers, in which bit n is the course at place n of some sort order.

Intersecting, joining and counting a hundred thousand courses takes microseconds, in plain Python.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

_SOME = re.compile(rb"[^\0]")
_BITS = [tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256)]
_PLANE = 255


def sets_by_code(codes: Sequence[int], kinds: int) -> list[int]:
    """Build a bitset for each code from 0 to `kinds` - 1: the places where it occurs in `codes`.

    bytes.translate marks the places of a code and int() reads them as a binary number, both in C. A byte
    holds 255 codes, so that more of them take several passes.
    """
    found: list[int] = []
    backwards = codes[::-1]
    for start in range(0, kinds, _PLANE):
        here = min(_PLANE, kinds - start)
        if kinds <= _PLANE:
            plane = bytes(backwards)
        else:
            plane = bytes(c - start if start <= c < start + here else _PLANE for c in backwards)
        for code in range(here):
            digits = bytearray(b"0" * 256)
            digits[code] = 49  # "1"
            found.append(int(plane.translate(digits) or b"0", 2))
    return found


def from_places(places: Iterable[int], size: int) -> int:
    """Build the bitset of `places`, each below `size`."""
    digits = bytearray(b"0") * size
    for place in places:
        digits[~place] = 49
    return int(digits or b"0", 2)


def places(bits: int) -> Iterator[int]:
    """Yield the members of `bits`, lowest first."""
    for match in _SOME.finditer(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        base = match.start() * 8
        for bit in _BITS[match[0][0]]:
            yield base + bit


def page(bits: int, skip: int, count: int) -> list[int]:
    """List the members number `skip` to `skip` + `count` - 1 of `bits`, lowest first.

    Finds the start by binary search, counting the bits of each half that it skips.
    """
    base = 0
    if skip:
        width = bits.bit_length()
        while skip and width > 64:
            half = width // 2
            low = bits & ((1 << half) - 1)
            inside = low.bit_count()
            if skip >= inside:
                bits, base, skip, width = bits >> half, base + half, skip - inside, width - half
            elif inside >= skip + count:
                bits, width = low, half
            else:
                break
    found: list[int] = []
    for place in places(bits):
        if skip:
            skip -= 1
            continue
        found.append(base + place)
        if len(found) == count:
            break
    return found
