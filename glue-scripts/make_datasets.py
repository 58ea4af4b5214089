"""Makes what SageMaker reads: the training, validation, holdout and inference sets of one run.

Request: {"runDate", "views": [see presage_spark.views], "training": {"sql"}, "inference"?: {"sql"}, "trainingKey": [],
"key": [], "entity": [], "features": [], "label", "classes": [] | null, "weight"?: name, "baselines"?: [{"name", "by"}],
"holdout": {"percent": 20}, "holdoutKey"?: [], "holdoutFile"?: {"format", "location": {"uri"}},
"datasets": {train, validation, holdout, inference: {"uri"}}, "scratch": {"uri"}, "report": {"uri"}}.

train and validation are Parquet of exactly features and label, and of the weight where one is asked for: it makes every
class count alike. holdout and inference are CSV without header, the row key first (holdout: then the label and what
naive guessers say, see presage_spark.baselines), then the features in the model's order. Without an inference query
nothing is predicted. An empty set leaves an empty prefix: what to do then is decided by the state machine, which knows
whether there is a model to fall back on. What is below scratch is deleted at the end.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from presage_spark.baselines import with_baselines
from presage_spark.checks import check_inference, check_training
from presage_spark.errors import DatasetError, QueryError, explain
from presage_spark.files import join, remove, tidy
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
    try:
        return make_sets(spark, request)
    finally:
        remove(spark, field(request, 'scratch')['uri'])


def make_sets(spark: SparkSession, request: Request) -> dict[str, Any]:
    """As make_datasets, but leaves its work in scratch."""
    register_views(spark, field(request, 'views'), field(request, 'runDate'))
    features, label, training_key = (field(request, name) for name in ('features', 'label', 'trainingKey'))
    uris = {name: target['uri'] for name, target in field(request, 'datasets').items()}

    split = assign_sides(query(spark, request, 'training', [*training_key, *features, label]), request)
    labelled = check_training(split.rows, request)
    predicted = write_inference(spark, request, uris['inference']) if request.get('inference') else 0

    weight = [request['weight']] if request.get('weight') else []
    for side in ('train', 'validation'):
        rows = split.side(side)
        if weight:
            rows = rows.withColumn(weight[0], class_weight(label, labelled.classes, [*features, label], weight[0]))
        write_parquet(in_order(rows, [*features, label, *weight], training_key, labelled.sides[side]), uris[side])
    held, guesses = with_baselines(split, request)
    held = in_order(held, [*training_key, label, *guesses, *features], training_key, labelled.sides['holdout'])
    write_csv(held, labelled.row_bytes, uris['holdout'])
    return {
        'trainRows': labelled.sides['train'],
        'validationRows': labelled.sides['validation'],
        'holdoutRows': labelled.sides['holdout'],
        'inferenceRows': predicted,
        'classes': labelled.classes,
        'holdoutUnmatched': split.unmatched,
        'holdoutByRow': split.by_row,
        'notices': split.notices,
    }


def query(spark: SparkSession, request: Request, name: str, columns: list[str]) -> DataFrame:
    """The rows of one of the two queries, exactly these columns. QueryError naming all that are missing.

    They are used several times, and the training query reads months of features: computed once, into files that outlive
    an executor. From there on Spark, which goes through the plan of rows at every step taken on them, finds a table
    and no longer the query.
    """
    try:
        frame = spark.sql(with_run_date(field(request, name)['sql'], request['runDate']))
    except Exception as error:
        raise QueryError(f'{name}: {explain(error)}') from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise QueryError(f'{name}: the query lacks {", ".join(missing)}')
    rows, uri = frame.select(*[f'`{column}`' for column in columns]), join(request['scratch']['uri'], name)
    rows.write.mode('overwrite').parquet(uri)
    return spark.read.schema(rows.schema).parquet(uri)


def write_inference(spark: SparkSession, request: Request, uri: str) -> int:
    """The rows to predict; how many there are."""
    features, key = field(request, 'features'), field(request, 'key')
    rows = query(spark, request, 'inference', [*key, *features])
    checked = check_inference(rows, request)
    write_csv(in_order(rows, [*key, *features], key, checked.rows), checked.row_bytes, uri)
    return checked.rows


def class_weight(label: str, classes: dict[str, int], taken: list[str], name: str) -> Column:
    """n / (classes with rows * rows of the class), n and the rows being all that trains, validation included.

    So every class has the same weight in all, and the mean weight is 1. DatasetError if the column's name is taken.
    """
    if name in taken:
        raise DatasetError(f'{name} is the name of the column of weights: call the feature or label something else')
    present = {value: rows for value, rows in classes.items() if rows}
    total = sum(present.values())
    weight = F.lit(0.0)
    for value, rows in present.items():
        weight = F.when(F.col(f'`{label}`').cast('string') == value, total / (len(present) * rows)).otherwise(weight)
    return weight


def in_order(rows: DataFrame, columns: list[str], key: list[str], count: int) -> DataFrame:
    """These columns, in the order of the key, so that the same rows are the same files and training repeats itself."""
    sort, hint = ('SORT BY', '/*+ COALESCE(1) */') if count <= ONE_TASK_ROWS else ('ORDER BY', '')
    ordered = f'SELECT {hint} * FROM {{rows}} {sort} {quoted(key)}'
    return rows.sparkSession.sql(f'SELECT {quoted(columns)} FROM ({ordered})', rows=rows)


def quoted(columns: list[str]) -> str:
    return ', '.join(f'`{column}`' for column in columns)


def write_parquet(rows: DataFrame, uri: str) -> None:
    rows.write.mode('overwrite').option('compression', 'snappy').parquet(uri)
    tidy(rows.sparkSession, uri)


def write_csv(rows: DataFrame, row_bytes: float, uri: str) -> None:
    """In pieces, cut by the average length of a row."""
    pieces = {'maxRecordsPerFile': str(max(1, int(PIECE_BYTES / max(1.0, row_bytes))))}
    rows.write.mode('overwrite').options(**CSV, **pieces).csv(uri)
    tidy(rows.sparkSession, uri)


if __name__ == '__main__':
    run_script('make-datasets', make_datasets)
