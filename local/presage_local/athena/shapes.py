"""Which columns of a CSV file hold whole numbers only, or numbers with a point, found without cutting it into fields.

What is left of a line when its digits are taken out is the same for nearly all lines of a file: `,,prior,,.` of
`1,17,prior,3,8.5`. So the few kinds of lines are looked at, not the lines.
"""

from __future__ import annotations

_DIGITS = b'0123456789'
# Text that varies gives ever new kinds: then columns are not told apart.
_KINDS = 1000

WHOLE, POINT, TEXT = range(3)
_MARKS = {WHOLE: set(b'-'), POINT: set(b'-.')}


class Shapes:
    """Fed with the bytes of a file's lines after the header."""

    def __init__(self, delimiter: bytes) -> None:
        self._delimiter = delimiter
        self._plain = b'-\r\n' + _DIGITS + delimiter
        self._kinds: set[bytes] = set()
        self._open = b''  # the start of a line that the next bytes end

    def add(self, chunk: bytes) -> bool:
        """Whether it makes sense to go on."""
        end = chunk.rfind(b'\n') + 1
        lines, self._open = (self._open + chunk[:end], chunk[end:]) if end else (b'', self._open + chunk)
        return self._look(lines)

    def columns(self, width: int) -> list[int]:
        """What each of the first columns holds, empty fields aside: WHOLE, POINT (or whole) or TEXT.

        It may be no number in spite of that: `1-2`.
        """
        if not self._look(self._open):
            return [TEXT] * width
        found = [WHOLE] * width
        for kind in self._kinds:
            for column, field in enumerate(kind.split(self._delimiter)[:width]):
                found[column] = max(found[column], _holds(field))
        return found

    def _look(self, lines: bytes) -> bool:
        # Most files of numbers need no more than the first look, which finds nothing.
        if lines.translate(None, self._plain):
            self._kinds.update(lines.translate(None, _DIGITS + b'\r').split(b'\n'))
        return len(self._kinds) <= _KINDS


def _holds(field: bytes) -> int:
    return next((shape for shape, marks in _MARKS.items() if marks.issuperset(field)), TEXT)
