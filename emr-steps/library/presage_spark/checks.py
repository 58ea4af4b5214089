"""Whether rows can be given to a model, and how many there are: one pass over the rows, a second only to name what is
wrong. Nothing but counts and the few values an error message names reaches the driver."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from presage_spark.errors import DatasetError
from presage_spark.split import SIDE

_MOST_NAMED = 10  # columns or values in an error message


@dataclass(frozen=True)
class Checked:
    """Counts of a set of rows that passed."""

    rows: int
    # Average bytes of a row as CSV, separators included.
    row_bytes: float
    sides: dict[str, int] = field(default_factory=dict)
    # Rows per class of everything that trains (training and validation), classes without rows included.
    classes: dict[str, int] = field(default_factory=dict)


def check_training(rows: DataFrame, request: dict[str, Any]) -> Checked:
    """DatasetError for labels that are no class, repeated keys, and values no model can read."""
    key, label, features, classes = (request[name] for name in ('trainingKey', 'label', 'features', 'classes'))
    text = F.col(f'`{label}`').cast('string')
    known = F.when(text.isin(classes), text) if classes else F.lit('')
    groups = rows.groupBy(F.col(SIDE), known.alias('class')).agg(*_totals(rows, [*key, label], features)).collect()
    total = sum(group['rows'] for group in groups)
    if any(group['class'] is None for group in groups):
        _refuse_classes(rows, label, text, classes)
    if any(group['unusable'] for group in groups):
        _refuse_values(rows, [*key, label], features, 'training')
    _refuse_repeats(rows, key, total, 'training')
    sides: dict[str, int] = {}
    per_class = dict.fromkeys(classes or [], 0)
    for group in groups:
        sides[group[SIDE]] = sides.get(group[SIDE], 0) + group['rows']
        if classes and group[SIDE] != 'holdout':
            per_class[group['class']] += group['rows']
    row_bytes = sum(group['bytes'] for group in groups) / total if total else 0.0
    return Checked(total, row_bytes, sides, per_class)


def check_inference(rows: DataFrame, request: dict[str, Any]) -> Checked:
    """DatasetError for repeated keys and values no model can read."""
    key, features = request['key'], request['features']
    found = rows.agg(*_totals(rows, key, features)).first()
    if found['unusable']:
        _refuse_values(rows, key, features, 'inference')
    _refuse_repeats(rows, key, found['rows'], 'inference')
    return Checked(found['rows'], found['bytes'] / found['rows'] if found['rows'] else 0.0)


def _totals(rows: DataFrame, key: list[str], features: list[str]) -> list[Column]:
    bad = functools.reduce(operator.or_, _unusable(rows, key, features).values())
    line = F.concat_ws(',', *[F.coalesce(F.col(f'`{name}`').cast('string'), F.lit('')) for name in [*key, *features]])
    return [
        F.count(F.lit(1)).alias('rows'),
        F.count(F.when(bad, 1)).alias('unusable'),
        F.coalesce(F.sum(F.octet_length(line) + 1), F.lit(0)).alias('bytes'),
    ]


def _unusable(rows: DataFrame, key: list[str], features: list[str]) -> dict[str, Column]:
    """By column, what must not be: null (transform would read it as an empty text), numbers that are none, and line
    ends in texts (transform splits at line ends and would join the wrong rows)."""
    types = dict(rows.dtypes)
    found = {}
    for name in [*key, *features]:
        column = F.col(f'`{name}`')
        bad = column.isNull()
        if types[name] in ('double', 'float'):
            bad = bad | F.isnan(column) | (F.abs(column) == float('inf'))
        elif types[name] == 'string':
            bad = bad | column.rlike('[\\r\\n]')
        found[name] = bad
    return found


def _refuse_values(rows: DataFrame, key: list[str], features: list[str], what: str) -> None:
    columns = _unusable(rows, key, features)
    counts = rows.agg(*[F.count(F.when(bad, 1)).alias(name) for name, bad in columns.items()]).first()
    wrong = [(name, counts[i]) for i, name in enumerate(columns) if counts[i]]
    raise DatasetError(
        f'The {what} rows have values no model can read (null, not a finite number, or a text with a line end) in '
        f'{_listed([f"{name} ({count} rows)" for name, count in wrong])}'
    )


def _refuse_repeats(rows: DataFrame, key: list[str], total: int, what: str) -> None:
    distinct = rows.select(*[f'`{name}`' for name in key]).distinct().count()
    if distinct != total:
        raise DatasetError(
            f'The {what} query gives {total} rows for {distinct} different {", ".join(key)}: one row per key is needed'
        )


def _refuse_classes(rows: DataFrame, label: str, text: Column, classes: list[str]) -> None:
    outside = rows.where(~text.isin(classes)).groupBy(text.alias('value')).count()
    worst = outside.orderBy(F.desc('count'), 'value').limit(_MOST_NAMED + 1).collect()
    raise DatasetError(
        f'{label} has values that are no class: {_listed([f"{row[0]!r} ({row[1]} rows)" for row in worst])}; '
        f'the classes are {", ".join(classes)}'
    )


def _listed(items: list[str]) -> str:
    return ', '.join(items[:_MOST_NAMED]) + (' and more' if len(items) > _MOST_NAMED else '')
