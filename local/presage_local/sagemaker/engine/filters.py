"""Batch transform's InputFilter and OutputFilter for CSV: a JSONPath over the fields of one record.

CSV has no names, so only the root, indexes and slices make sense: `$`, `$[1:]`, `$[0,160,-1]`. A slice with an upper
end is refused: AWS's documents disagree on whether that end belongs to it.
"""

import re
from dataclasses import dataclass

MAX_LENGTH = 63
_INDEXES = re.compile(r'\$\[\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*\]')
_SLICE = re.compile(r'\$\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]')


class BadFilter(ValueError):
    """The filter is not one that batch transform can apply to CSV."""


@dataclass(frozen=True)
class Filter:
    """indexes or, if they are None, everything from `start` on. Negative numbers count from the end."""

    indexes: tuple[int, ...] | None = None
    start: int = 0

    @property
    def everything(self) -> bool:
        return self.indexes is None and self.start == 0

    def positions(self, width: int) -> list[int]:
        """The fields kept of a record with `width` fields. BadFilter if an index lies outside."""
        if self.indexes is None:
            return list(range(width))[self.start :]
        outside = [i for i in self.indexes if not -width <= i < width]
        if outside:
            raise BadFilter(f'index {outside[0]} lies outside of a record of {width} fields')
        return [i % width for i in self.indexes]


def parse(text: str | None) -> Filter:
    """Read a filter; none is `$`. BadFilter says why it cannot be applied to CSV."""
    if text is None or text.strip() in ('', '$'):
        return Filter()
    if len(text) > MAX_LENGTH:
        raise BadFilter(f'"{text}" is longer than {MAX_LENGTH} characters')
    indexes = _INDEXES.fullmatch(text.strip())
    if indexes:
        return Filter(tuple(int(i) for i in indexes[1].split(',')))
    part = _SLICE.fullmatch(text.strip())
    if part is None:
        raise BadFilter(
            f'"{text}" is not a JSONPath for CSV: use indexes, as in $[0,2,-1], or an open slice, as in $[1:]'
        )
    if part[2]:
        raise BadFilter(f'"{text}" has an upper end, on which AWS is ambiguous; name the indexes instead')
    return Filter(start=int(part[1] or 0))
