from __future__ import annotations

import duckdb
from pyspark.sql import SparkSession
from spark_testing import ROOT

WINDOW = ROOT / 'sample-data' / 'buyer-stage' / 'consumer_summary_t090.parquet'


def test_spark_and_duckdb_read_the_types_that_were_declared(spark: SparkSession) -> None:
    wanted = ('member_id', 'snapshot_date', 'total_searches', 'median_searches')
    by_spark = dict(spark.read.parquet(WINDOW.as_uri()).dtypes)
    assert [by_spark[name] for name in wanted] == ['string', 'date', 'bigint', 'double']
    described = duckdb.sql(f"DESCRIBE SELECT * FROM '{WINDOW}'").fetchall()
    by_duckdb = {row[0]: row[1] for row in described}
    assert [by_duckdb[name] for name in wanted] == ['VARCHAR', 'DATE', 'BIGINT', 'DOUBLE']
