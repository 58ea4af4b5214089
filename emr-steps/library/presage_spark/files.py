"""Files through Hadoop's FileSystem, which speaks every scheme that Spark speaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pyspark.sql import SparkSession

from presage_spark.errors import RequestError


def read_json(spark: SparkSession, uri: str) -> dict[str, Any]:
    """One JSON object. RequestError if it is not there or not JSON."""
    files, path = _open(spark, uri)
    if not files.exists(path):
        raise RequestError(f'There is no request at {uri}')
    stream = files.open(path)
    try:
        text = spark._jvm.org.apache.commons.io.IOUtils.toString(stream, 'UTF-8')
    finally:
        stream.close()
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RequestError(f'{uri} is no JSON: {error}') from None
    if not isinstance(value, dict):
        raise RequestError(f'{uri} is no JSON object')
    return value


def write_json(spark: SparkSession, uri: str, value: dict[str, Any]) -> None:
    """Written in one go and over what is there."""
    files, path = _open(spark, uri)
    stream = files.create(path, True)
    try:
        stream.write(bytearray(json.dumps(value, indent=2, ensure_ascii=False).encode()))
    finally:
        stream.close()


def data_files(spark: SparkSession, uri: str) -> Iterator[tuple[str, int]]:
    """Address and size of every file below `uri`, or of `uri` itself; nothing if it does not exist.

    As they come: whoever only asks whether there is any does not wait for the list of thousands.
    """
    files, path = _open(spark, uri)
    if not files.exists(path):
        return
    listing = files.listFiles(path, True)
    while listing.hasNext():
        status = listing.next()
        yield status.getPath().toString(), status.getLen()


def tidy(spark: SparkSession, uri: str) -> int:
    """Deletes what is no data from a folder just written (empty files, `_SUCCESS`) and tells how many files are left.

    Batch transform and AutoML take every object below a prefix for data.
    """
    left = 0
    for address, size in list(data_files(spark, uri)):
        name = address.rsplit('/', 1)[-1]
        if size == 0 or name.startswith('_'):
            files, path = _open(spark, address)
            files.delete(path, False)
        else:
            left += 1
    return left


def remove(spark: SparkSession, uri: str) -> None:
    """Deletes a folder and all in it, if it is there."""
    files, path = _open(spark, uri)
    files.delete(path, True)


def join(uri: str, name: str) -> str:
    return f'{uri.rstrip("/")}/{name}'


def _open(spark: SparkSession, uri: str) -> tuple[Any, Any]:
    path = spark._jvm.org.apache.hadoop.fs.Path(uri)
    return path.getFileSystem(spark._jsc.hadoopConfiguration()), path
