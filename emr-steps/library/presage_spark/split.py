"""Which side of the holdout a labelled row is on. The one place that says so.

By default the entity decides, by the MD5 of its columns joined with a unit separator: the first eight hexadecimal
digits modulo 100 below `holdout.percent` → holdout; of the others the next eight digits modulo 100 below 20 →
validation; the rest trains. So an entity is never on two sides, today's sides are tomorrow's, and any engine that
knows MD5 finds the same. A holdout file replaces the first decision; where it puts one entity on both sides, the
validation rows are drawn by row as well, so that validation is as hard or as easy as the holdout. The file names rows
by `holdoutKey`, which is the training key unless the definition says otherwise, or else by the entity.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from presage_spark.errors import DatasetError
from presage_spark.views import read_any

VALIDATION_PERCENT = 20
SIDE = '_presage_side'
_HOLDOUT = '_presage_holdout'


@dataclass(frozen=True)
class Split:
    """Labelled rows with the column `SIDE`: train, validation or holdout."""

    rows: DataFrame
    by_row: bool = False
    # Rows of the holdout file that name no labelled row.
    unmatched: int = 0
    notices: list[str] = field(default_factory=list)

    def side(self, name: str) -> DataFrame:
        return self.rows.where(F.col(SIDE) == name)


def assign_sides(labelled: DataFrame, request: dict[str, Any]) -> Split:
    """Gives every labelled row its side. `labelled` is read several times and should be a table."""
    entity, key = request['entity'], request['trainingKey']
    named_by = request.get('holdoutKey') or key
    holdout_file = request.get('holdoutFile')
    if not holdout_file:
        percent = request['holdout']['percent']
        return Split(_with_side(labelled, bucket(entity, 0) < percent, entity))
    named, unmatched, notices = _named_rows(labelled, holdout_file, named_by, entity)
    if _splits_an_entity(named, entity):
        notices.append(
            f'The holdout file puts some {", ".join(entity)} on both sides: validation rows are drawn by row too'
        )
        return Split(_with_side(named, F.col(_HOLDOUT), key).drop(_HOLDOUT), True, unmatched, notices)
    return Split(_with_side(named, F.col(_HOLDOUT), entity).drop(_HOLDOUT), False, unmatched, notices)


def bucket(columns: list[str], nth: int) -> Column:
    """0 … 99 from the nth group of eight hexadecimal digits of the MD5 of the columns, each as text."""
    text = F.concat_ws('\x1f', *[F.col(f'`{column}`').cast('string') for column in columns])
    digits = F.substring(F.md5(text), 1 + 8 * nth, 8)
    return F.conv(digits, 16, 10).cast('bigint') % 100


def _with_side(rows: DataFrame, holdout: Column, grouped_by: list[str]) -> DataFrame:
    validation = bucket(grouped_by, 1) < VALIDATION_PERCENT
    return rows.withColumn(SIDE, F.when(holdout, 'holdout').when(validation, 'validation').otherwise('train'))


def _named_rows(
    labelled: DataFrame, holdout_file: dict[str, Any], key: list[str], entity: list[str]
) -> tuple[DataFrame, int, list[str]]:
    """The labelled rows with a flag for those the file names; how many rows of the file name none; notices."""
    listed = read_any(labelled.sparkSession, 'holdout', holdout_file['format'], holdout_file['location']['uri'])
    by = next((columns for columns in (key, entity) if set(columns) <= set(listed.columns)), None)
    if by is None:
        missing = [column for column in key if column not in listed.columns]
        raise DatasetError(
            f'The holdout file lacks {", ".join(missing)}: it names labelled rows by {", ".join(key)}'
            + (f' or by {", ".join(entity)}' if entity != key else '')
            + f'; it has {", ".join(listed.columns)}'
        )
    extra = [column for column in listed.columns if column not in by]
    notices = [f'Columns of the holdout file that are not read: {", ".join(extra)}'] if extra else []
    wanted = _typed(listed, labelled, by).groupBy(*by).agg(F.count(F.lit(1)).alias('_presage_times'))
    known = labelled.select(*by).distinct().withColumn('_presage_known', F.lit(True))
    total, unmatched = (
        wanted.join(known, by, 'left')
        .agg(
            F.coalesce(F.sum('_presage_times'), F.lit(0)),
            F.coalesce(F.sum(F.when(F.col('_presage_known').isNull(), F.col('_presage_times'))), F.lit(0)),
        )
        .first()
    )
    if total == unmatched and not labelled.isEmpty():
        raise DatasetError(
            f'None of the {total} rows of the holdout file names a labelled row (by {", ".join(by)}): '
            'there is nothing to judge a model on'
        )
    named = labelled.join(wanted.select(*by, F.lit(True).alias(_HOLDOUT)), by, 'left')
    return named.withColumn(_HOLDOUT, F.coalesce(_HOLDOUT, F.lit(False))), unmatched, notices


def _typed(listed: DataFrame, labelled: DataFrame, by: list[str]) -> DataFrame:
    """The key columns of the file, typed as the labelled rows are. DatasetError naming a value that does not fit."""
    types = dict(labelled.dtypes)
    typed = listed.select(
        *[F.expr(f'try_cast(`{column}` AS {types[column]})').alias(column) for column in by],
        *[F.col(f'`{column}`').cast('string').alias(f'_presage_text_{column}') for column in by],
    )
    wrong = {
        column: F.col(f'`{column}`').isNull() & (F.coalesce(f'_presage_text_{column}', F.lit('')) != '')
        for column in by
    }
    found = typed.agg(
        *[F.count(F.when(bad, 1)) for bad in wrong.values()],
        *[F.min(F.when(bad, F.col(f'_presage_text_{column}'))) for column, bad in wrong.items()],
    ).first()
    problems = [
        f'{column} has {found[i]} value(s) that are no {types[column]}, for example {found[i + len(by)]!r}'
        for i, column in enumerate(by)
        if found[i]
    ]
    if problems:
        raise DatasetError(f'The holdout file: {"; ".join(problems)}')
    return typed.select(*by)


def _splits_an_entity(named: DataFrame, entity: list[str]) -> bool:
    sides = named.groupBy(*entity).agg(F.min(_HOLDOUT).alias('least'), F.max(_HOLDOUT).alias('most'))
    return not sides.where(F.col('least') != F.col('most')).isEmpty()
