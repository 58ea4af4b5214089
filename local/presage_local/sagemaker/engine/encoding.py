"""From table columns to a matrix of numbers, the same way when training on Parquet and when scoring CSV text."""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .metrics import Floats

# LightGBM's default number of bins; rarer levels share the last code.
MAX_LEVELS = 254
_FLAGS = {'true': 1.0, 'false': 0.0, 't': 1.0, 'f': 0.0, 'yes': 1.0, 'no': 0.0}
_SECONDS_PER_DAY = 86_400.0

Column: TypeAlias = 'pa.Array | pa.ChunkedArray'


@dataclass
class Feature:
    """One input column: its name, how it is read, and the levels seen in training (categories only)."""

    name: str
    kind: str  # number | category | date | unused
    levels: list[str] = field(default_factory=list)
    numeric_levels: bool = False  # the column holds numbers that are names (told by a feature specification)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _one_array(column: Column) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _plain(column: Column) -> pa.Array:
    """One array without dictionary encoding."""
    array = _one_array(column)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _parse_number(text: str | None) -> float:
    """Text that is no number is a missing value: a wrong column order is silent here as in AWS's container."""
    if text is None:
        return np.nan
    value = text.strip()
    try:
        return float(value)
    except ValueError:
        return _FLAGS.get(value.lower(), np.nan)


def as_numbers(column: Column) -> Floats:
    """Numbers, flags or text as floats; missing and unreadable as NaN, infinities too."""
    array = _plain(column)
    if _is_text(array.type):
        try:
            array = pc.cast(pc.if_else(pc.equal(array, ''), pa.scalar(None, array.type), array), pa.float64())
        except pa.ArrowInvalid:
            values = np.array([_parse_number(text) for text in array.to_pylist()], dtype=np.float64)
            return np.where(np.isfinite(values), values, np.nan)
    values = np.asarray(pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _as_days(column: Column) -> Floats:
    array = _plain(column)
    if _is_text(array.type):
        text = pc.utf8_trim_whitespace(array)
        try:
            array = pc.cast(pc.if_else(pc.equal(text, ''), pa.scalar(None, text.type), text), pa.timestamp('s'))
        except pa.ArrowInvalid:
            return np.array([_day_of(value) for value in text.to_pylist()], dtype=np.float64)
    seconds = pc.cast(pc.cast(array, pa.timestamp('s'), safe=False), pa.int64())
    return np.asarray(pc.cast(seconds, pa.float64()).to_numpy(zero_copy_only=False)) / _SECONDS_PER_DAY


def _day_of(text: str | None) -> float:
    if text is None:
        return float('nan')
    try:
        return float(np.datetime64(text.replace(' ', 'T').rstrip('Z'), 's').astype(np.int64)) / _SECONDS_PER_DAY
    except ValueError:
        return float('nan')


def _as_text(column: Column, numeric: bool) -> pa.Array:
    array = _plain(column)
    if numeric:
        values = as_numbers(array)
        return pa.array([None if np.isnan(v) else f'{v:.12g}' for v in values], pa.string())
    if pa.types.is_decimal(array.type) or not _is_text(array.type):
        array = pc.cast(array, pa.string())
    text = pc.utf8_trim_whitespace(pc.cast(array, pa.string()))
    return pc.if_else(pc.equal(text, ''), pa.scalar(None, pa.string()), text)


def _infer(name: str, column: Column, told: str | None) -> Feature:
    array = _plain(column)
    kind = array.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if told in ('categorical', 'text') or (told is None and _is_text(kind)):
        text = _as_text(array, numeric)
        counted = pc.value_counts(text.drop_null())
        counts, values = counted.field('counts').to_numpy(), counted.field('values').to_pylist()
        # Every value another one: an identifier, from which nothing can be learned.
        if len(values) > 1 and len(values) == len(text) - text.null_count and len(values) > 50:
            return Feature(name, 'unused')
        ranked = sorted(zip(values, counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
        return Feature(name, 'category', [value for value, _ in ranked[:MAX_LEVELS]], numeric)
    if told == 'datetime' or pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return Feature(name, 'date')
    if numeric or pa.types.is_boolean(kind) or told == 'numeric':
        return Feature(name, 'number')
    return Feature(name, 'unused')


@dataclass
class Encoder:
    """The features in the model's own order: the order of the columns of a CSV record to score."""

    features: list[Feature]

    @classmethod
    def fit(cls, table: pa.Table, names: list[str], told: dict[str, str] | None = None) -> 'Encoder':
        """Read the kinds off the table; `told` overrules with a feature specification's data types."""
        return cls([_infer(name, table[name], (told or {}).get(name)) for name in names])

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]

    @property
    def categories(self) -> list[int]:
        """Positions of the category columns."""
        return [i for i, feature in enumerate(self.features) if feature.kind == 'category']

    def encode(self, columns: list[Column]) -> Floats:
        """[rows, features]; one array per feature, in order. Missing is NaN, an unseen level is the shared code."""
        if len(columns) != len(self.features):
            raise ValueError(f'the model expects {len(self.features)} columns, not {len(columns)}')
        matrix = np.empty((len(columns[0]), len(columns)), dtype=np.float64)
        for i, (feature, column) in enumerate(zip(self.features, columns, strict=True)):
            if feature.kind == 'number':
                matrix[:, i] = as_numbers(column)
            elif feature.kind == 'date':
                matrix[:, i] = _as_days(column)
            elif feature.kind == 'category':
                text = _as_text(column, feature.numeric_levels)
                codes = pc.index_in(text, value_set=pa.array(feature.levels, pa.string()))
                known = pc.fill_null(pc.cast(codes, pa.float64()), float(len(feature.levels)))
                matrix[:, i] = np.where(text.is_null().to_numpy(zero_copy_only=False), np.nan, known.to_numpy())
            else:
                matrix[:, i] = 0.0
        return matrix
