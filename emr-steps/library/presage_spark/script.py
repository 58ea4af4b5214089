"""The frame of a script: `--request`, a session, a report or an error file, and an end that says what happened."""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

from pyspark.sql import SparkSession

from presage_spark.errors import RequestError, explain
from presage_spark.files import join, read_json, write_json

Request = dict[str, Any]
Body = Callable[[SparkSession, Request], dict[str, Any]]

SETTINGS = {
    'spark.sql.session.timeZone': 'UTC',
    # Casts that do not fit, overflows and divisions by zero fail, as they do on Athena, instead of turning into null.
    'spark.sql.ansi.enabled': 'true',
    # Athena and DuckDB know no INT96 zones; a timestamp is UTC everywhere.
    'spark.sql.parquet.outputTimestampType': 'TIMESTAMP_MICROS',
    'spark.sql.parquet.inferTimestampNTZ.enabled': 'false',
    'spark.sql.parquet.datetimeRebaseModeInRead': 'CORRECTED',
    'spark.sql.parquet.datetimeRebaseModeInWrite': 'CORRECTED',
    # `country=007` is text until a declared type says otherwise.
    'spark.sql.sources.partitionColumnTypeInference.enabled': 'false',
    # Aims at files of tens of megabytes; skewed partitions are split, small ones joined.
    'spark.sql.adaptive.enabled': 'true',
    'spark.sql.adaptive.advisoryPartitionSizeInBytes': '256m',
}


def session(name: str) -> SparkSession:
    """The session with the settings that decide what a query means. Sizes are the platform's business."""
    os.environ['TZ'] = 'UTC'
    time.tzset()
    builder = SparkSession.builder.appName(name)
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def run_script(name: str, body: Body) -> None:
    """Runs `body(spark, request)` and writes what it gives back to `<report>/report.json`.

    A failure is written to `<report>/error.json` as {"error", "message"} and raised as a ScriptError, so that it is
    the last line of stderr too: EMR keeps the stderr of a step in a place that is slow to appear, Glue shows the last
    line of the exception.
    """
    parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
    parser.add_argument('--request', required=True, help='address of the request, a JSON object')
    address = parser.parse_known_args()[0].request  # Glue hands over arguments of its own
    spark = session(name)
    report = None
    try:
        request = read_json(spark, address)
        report = _report_of(request, address)
        write_json(spark, join(report, 'report.json'), body(spark, request))
    except Exception as error:
        failure = explain(error)
        if report:
            with contextlib.suppress(Exception):  # the failure itself matters more than its copy
                record = {'error': type(failure).__name__, 'message': str(failure)}
                write_json(spark, join(report, 'error.json'), record)
        raise failure from (None if failure is error else error)
    finally:
        spark.stop()


def _report_of(request: Request, address: str) -> str:
    try:
        return str(request['report']['uri'])
    except (KeyError, TypeError):
        raise RequestError(f'{address} names no report: {{"report": {{"uri": …}}}}') from None


def field(request: Request, name: str) -> Any:
    """A field the script cannot do without. RequestError if it is missing."""
    if name not in request:
        raise RequestError(f'The request has no field `{name}`; it has {", ".join(sorted(request))}')
    return request[name]
