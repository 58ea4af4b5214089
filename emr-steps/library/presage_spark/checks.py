"""Whether rows can be given to a model, and how many there are: one pass over the rows, a second only to name what is
wrong. Nothing but counts and the few values an error message names reaches the driver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from presage_spark.errors import DatasetError
from presage_spark.split import SIDE

_MOST_NAMED = 10  # columns or values in an error message
_TEXT, _FINITE = '_presage_text', '_presage_finite'


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
    per_class = [F.count(F.when(text == name, 1)).alias(f'class {name}') for name in classes or []]
    names = [*key, label, *features]
    grouped = _lines(rows, names, [SIDE, *key, label]).groupBy(SIDE).agg(*_totals(key, names), *per_class)
    sides = {row[SIDE]: row for row in grouped.collect()}

    def total(column: str, of: Iterable[str] = sides) -> int:
        return sum(sides[side][column] for side in of if side in sides)

    _refuse(rows, names, 'training', key, total('rows'), total('keys'), total('unusable'))
    in_classes = {name: total(f'class {name}') for name in classes or []}
    if classes and sum(in_classes.values()) != total('rows'):
        _refuse_classes(rows, label, text, classes)
    return Checked(
        rows=total('rows'),
        row_bytes=total('bytes') / max(1, total('rows')),
        sides={side: total('rows', [side]) for side in ('train', 'validation', 'holdout')},
        classes={name: total(f'class {name}', ('train', 'validation')) for name in in_classes},
    )


def check_inference(rows: DataFrame, request: dict[str, Any]) -> Checked:
    """DatasetError for repeated keys and values no model can read."""
    key, features = request['key'], request['features']
    names = [*key, *features]
    found = _lines(rows, names, key).agg(*_totals(key, names)).collect()[0]
    _refuse(rows, names, 'inference', key, found['rows'], found['keys'], found['unusable'])
    return Checked(found['rows'], found['bytes'] / max(1, found['rows']))


def _lines(rows: DataFrame, names: list[str], kept: list[str]) -> DataFrame:
    """The columns kept, all of `names` as one text (null where one of them is null, never mind the separators), and
    whether all fractions are finite. Each is one expression with many arguments: a chain of hundreds of conditions
    takes Spark longer to plan than a small set to read."""
    types = dict(rows.dtypes)
    text = ', '.join(f'CAST(`{name}` AS string)' for name in names)
    sizes = ', '.join(['0D', '0D', *[f'ABS(`{name}`)' for name in names if types[name] in ('double', 'float')]])
    return rows.selectExpr(
        *[f'`{name}`' for name in dict.fromkeys(kept)],
        f'CONCAT({text}) AS {_TEXT}',
        f"GREATEST({sizes}) < DOUBLE('Infinity') AS {_FINITE}",  # nothing is greater than NaN
    )


def _totals(key: list[str], names: list[str]) -> list[Column]:
    """Of the rows of `_lines`: how many, different keys, unusable ones (see `_unusable`), bytes as CSV."""
    usable = f'{_TEXT} IS NOT NULL AND {_FINITE} AND NOT CONTAINS({_TEXT}, CHR(10)) AND NOT CONTAINS({_TEXT}, CHR(13))'
    return [
        F.count(F.lit(1)).alias('rows'),
        F.count_distinct(*[F.col(f'`{name}`') for name in key]).alias('keys'),
        F.expr(f'COUNT_IF(NOT ({usable}))').alias('unusable'),
        F.expr(f'COALESCE(SUM(OCTET_LENGTH({_TEXT}) + {len(names)}), 0)').alias('bytes'),
    ]


def _unusable(rows: DataFrame, names: list[str]) -> dict[str, str]:
    """By column, what must not be: null (transform would read it as an empty text), numbers that are none, and line
    ends in texts (transform splits at line ends and would join the wrong rows)."""
    more = {
        'double': " OR ISNAN(`{0}`) OR ABS(`{0}`) = DOUBLE('Infinity')",
        'float': " OR ISNAN(`{0}`) OR ABS(`{0}`) = FLOAT('Infinity')",
        'string': ' OR CONTAINS(`{0}`, CHR(10)) OR CONTAINS(`{0}`, CHR(13))',
    }
    types = dict(rows.dtypes)
    return {name: f'`{name}` IS NULL' + more.get(types[name], '').format(name) for name in names}


def _refuse(rows: DataFrame, names: list[str], what: str, key: list[str], total: int, keys: int, unusable: int) -> None:
    if unusable:
        columns = _unusable(rows, names)
        counts = rows.agg(*[F.expr(f'COUNT_IF({bad})') for bad in columns.values()]).collect()[0]
        wrong = [f'{name} ({counts[i]} rows)' for i, name in enumerate(columns) if counts[i]]
        raise DatasetError(
            f'{unusable} of the {total} {what} rows have values no model can read (null, not a finite number, or a '
            f'text with a line end): {_listed(wrong)}'
        )
    if keys != total:
        raise DatasetError(
            f'The {what} query gives {total} rows for {keys} different {", ".join(key)}: one row per key is needed'
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
