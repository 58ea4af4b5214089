"""Runs the feature queries of a pipeline, in the order given, and writes each table as Parquet.

    spark-submit --py-files library.zip run_queries.py --request s3://…/request-features.json

Request: {"runDate": "YYYY-MM-DD", "views": [see presage_spark.views], "queries": [{"table", "view", "sql",
"columns": {name: type}, "partitionBy": [], "partitionTypes": {name: type}, "location": {"uri"}}], "report": {"uri"}}.
A query may read every view and, by the name in its `view`, every table made before it. Report:
{"tables": {table: {"rows": n}}}. Run twice, the second run replaces what the first has written.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession

from presage_spark.errors import QueryError, explain
from presage_spark.files import tidy
from presage_spark.script import Request, field, run_script
from presage_spark.views import read_view, register_views, spark_type, with_run_date


def run_queries(spark: SparkSession, request: Request) -> dict[str, Any]:
    """All queries of a request; gives back the report. SourceError, QueryError."""
    run_date = field(request, 'runDate')
    register_views(spark, field(request, 'views'), run_date)
    return {'tables': {query['table']: make_table(spark, query, run_date) for query in field(request, 'queries')}}


def make_table(spark: SparkSession, query: dict[str, Any], run_date: str) -> dict[str, int]:
    """Runs one query, writes its rows and lets later queries read them from there instead of computing them again."""
    table, uri = query['table'], query['location']['uri']
    try:
        frame = declared_columns(spark.sql(with_run_date(query['sql'], run_date)), query)
        write_table(frame, uri, query.get('partitionBy', []))
    except Exception as error:
        raise QueryError(f'{table}: {explain(error)}') from error
    written = {**query, 'name': query['view'], 'format': 'parquet', 'runDate': True}
    if not tidy(spark, uri):
        written['location'] = None
    view = read_view(spark, written, run_date)
    view.createOrReplaceTempView(query['view'])
    # Counted in what was written, by the files' own row counts: cheap, and right whatever tasks were repeated.
    return {'rows': view.count()}


def declared_columns(frame: DataFrame, query: dict[str, Any]) -> DataFrame:
    """The query's columns in the declared order and types. QueryError when their names differ."""
    types = {**query['columns'], **{name: query['partitionTypes'][name] for name in query.get('partitionBy', [])}}
    missing = [name for name in types if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in types]
    if missing or unknown:
        parts = [('the query lacks', missing), ('it has, undeclared,', unknown)]
        raise QueryError('; '.join(f'{what} {", ".join(names)}' for what, names in parts if names))
    return frame.select(*[frame[f'`{name}`'].cast(spark_type(kind)).alias(name) for name, kind in types.items()])


def write_table(frame: DataFrame, uri: str, partition_by: list[str]) -> None:
    """Parquet in files of a sensible size: one shuffle, after which Spark splits large partitions and joins small ones.

    Without it every task of the query would write a file into every partition; one file a partition would not scale.
    """
    frame.createOrReplaceTempView('presage_rows')
    hint = f'REBALANCE({", ".join(f"`{name}`" for name in partition_by)})' if partition_by else 'REBALANCE'
    rows = frame.sparkSession.sql(f'SELECT /*+ {hint} */ * FROM presage_rows')
    writer = rows.write.mode('overwrite').option('compression', 'snappy')
    writer.partitionBy(*partition_by).parquet(uri)


if __name__ == '__main__':
    run_script('run-queries', run_queries)
