"""Training channels of an AutoML job as one table."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from . import s3files
from .automl_rules import CSV, PARQUET
from .child import JobFailure


def _read(path: Path, content_type: str) -> pa.Table:
    if content_type == PARQUET:
        return pq.ParquetFile(path).read()
    options = pacsv.ConvertOptions(strings_can_be_null=True, null_values=['', 'NA', 'NaN', 'nan', 'null', 'NULL'])
    return pacsv.read_csv(path, convert_options=options)


def channel(s3: Any, config: dict[str, Any], folder: Path) -> pa.Table:
    """Stage and read a channel. JobFailure names the object that cannot be read."""
    content_type = config.get('ContentType', CSV).replace(' ', '')
    gzipped = config.get('CompressionType') == 'Gzip'
    tables: list[pa.Table] = []
    for number, item in enumerate(s3files.objects(s3, config['DataSource']['S3DataSource'])):
        if item.key.endswith('/') and item.size == 0:
            continue  # what a console makes to show an empty folder
        path = s3files.download(s3, item.uri, folder / str(number), gzipped=gzipped)
        try:
            tables.append(_read(path, content_type))
        except (pa.ArrowException, OSError) as error:
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise JobFailure(f'ClientError: {item.uri} could not be read as {content_type}: {first}') from error
        path.unlink()
    if not tables:
        raise JobFailure(f'ClientError: no data under {config["DataSource"]["S3DataSource"]["S3Uri"]}.')
    names = tables[0].column_names
    if any(set(table.column_names) != set(names) for table in tables):
        raise JobFailure('ClientError: The objects of the channel do not have the same columns.')
    try:
        return pa.concat_tables([t.select(names) for t in tables], promote_options='permissive')
    except pa.ArrowException as error:
        raise JobFailure(f'ClientError: The objects of the channel do not have the same types: {error}') from error
