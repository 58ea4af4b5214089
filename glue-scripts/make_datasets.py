"""Makes what SageMaker reads: the training, validation, holdout and inference sets of one run.

Request: {"runDate", "views": [see presage_spark.views], "training": {"sql"}, "inference": {"sql"}, "trainingKey": [],
"key": [], "entity": [], "features": [], "label", "classes": [] | null, "holdout": {"percent": 20},
"holdoutFile"?: {"format", "location": {"uri"}}, "datasets": {train, validation, holdout, inference: {"uri"}},
"report": {"uri"}}.

train and validation are Parquet of exactly features and label; holdout and inference are CSV without header, the row
key first (holdout: then the label), then the features in the model's order. An empty set leaves an empty prefix: what
to do then is decided by the state machine, which knows whether there is a model to fall back on.
"""

from __future__ import annotations

from typing import Any

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from presage_spark.checks import check_inference, check_training
from presage_spark.errors import QueryError, explain
from presage_spark.files import tidy
from presage_spark.script import Request, field, run_script
from presage_spark.split import assign_sides
from presage_spark.views import register_views, with_run_date

# Batch transform deals out files: several of them, and none above the 8 MB that one request may hold.
PIECE_BYTES = 7_000_000

# Up to here one task sorts and writes a set: a distributed sort first reads the rows to find its ranges.
ONE_TASK_ROWS = 50_000

# RFC 4180, nothing trimmed; the reader at the other end splits at line ends, so no value may hold one (see checks).
CSV = {
    'header': 'false',
    'quote': '"',
    'escape': '"',
    'ignoreLeadingWhiteSpace': 'false',
    'ignoreTrailingWhiteSpace': 'false',
}


def make_datasets(spark: SparkSession, request: Request) -> dict[str, Any]:
    """All four sets; gives back the report: row counts, rows per class, notices. DatasetError, SourceError."""
    register_views(spark, field(request, 'views'), field(request, 'runDate'))
    features, label = field(request, 'features'), field(request, 'label')
    training_key, key = field(request, 'trainingKey'), field(request, 'key')
    uris = {name: target['uri'] for name, target in field(request, 'datasets').items()}

    # The label join reads months of features and its rows are used several times: it is computed once.
    answers = query(spark, request, 'training', [*training_key, *features, label]).persist(StorageLevel.MEMORY_AND_DISK)
    split = assign_sides(answers, request)
    labelled = check_training(split.rows, request)
    inference = query(spark, request, 'inference', [*key, *features]).persist(StorageLevel.MEMORY_AND_DISK)
    scored = check_inference(inference, request)

    for side in ('train', 'validation'):
        rows = in_order(split.side(side), training_key, labelled.sides[side])
        write_parquet(rows, [*features, label], uris[side])
    held = in_order(split.side('holdout'), training_key, labelled.sides['holdout'])
    write_csv(held, [*training_key, label, *features], labelled.row_bytes, uris['holdout'])
    write_csv(in_order(inference, key, scored.rows), [*key, *features], scored.row_bytes, uris['inference'])
    return {
        'trainRows': labelled.sides['train'],
        'validationRows': labelled.sides['validation'],
        'holdoutRows': labelled.sides['holdout'],
        'inferenceRows': scored.rows,
        'classes': labelled.classes,
        'holdoutUnmatched': split.unmatched,
        'holdoutByRow': split.by_row,
        'notices': split.notices,
    }


def query(spark: SparkSession, request: Request, name: str, columns: list[str]) -> DataFrame:
    """The rows of one of the two queries, exactly these columns. QueryError naming all that are missing."""
    try:
        frame = spark.sql(with_run_date(field(request, name)['sql'], request['runDate']))
    except Exception as error:
        raise QueryError(f'{name}: {explain(error)}') from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise QueryError(f'{name}: the query lacks {", ".join(missing)}')
    return frame.select(*[frame[f'`{column}`'] for column in columns])


def in_order(rows: DataFrame, key: list[str], count: int) -> DataFrame:
    """In the order of the key, so that the same rows are the same files and training repeats itself."""
    return rows.coalesce(1).sortWithinPartitions(*key) if count <= ONE_TASK_ROWS else rows.orderBy(*key)


def write_parquet(rows: DataFrame, columns: list[str], uri: str) -> None:
    rows.select(*columns).write.mode('overwrite').option('compression', 'snappy').parquet(uri)
    tidy(rows.sparkSession, uri)


def write_csv(rows: DataFrame, columns: list[str], row_bytes: float, uri: str) -> None:
    """In pieces, cut by the average length of a row."""
    pieces = {'maxRecordsPerFile': str(max(1, int(PIECE_BYTES / max(1.0, row_bytes))))}
    rows.select(*columns).write.mode('overwrite').options(**CSV, **pieces).csv(uri)
    tidy(rows.sparkSession, uri)


if __name__ == '__main__':
    run_script('make-datasets', make_datasets)
