"""A lake on the local cloud: a bucket, a database, a workgroup and tables over real files."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cloud import Cloud, wait_for

SERDES = {
    'parquet': 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
    'csv': 'org.apache.hadoop.hive.serde2.OpenCSVSerde',
    'text': 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe',
}


class Lake:
    """A bucket and a database of a test's own."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.bucket = f'lake-{uuid.uuid4().hex[:8]}'
        self.database = f'db_{uuid.uuid4().hex[:8]}'
        self.s3, self.glue, self.athena = cloud.client('s3'), cloud.client('glue'), cloud.client('athena')
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={'LocationConstraint': self.s3.meta.region_name}
        )
        self.glue.create_database(DatabaseInput={'Name': self.database})

    def put(self, key: str, body: bytes | str) -> str:
        """Write an object; its URI."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f's3://{self.bucket}/{key}'

    def parquet(self, key: str, **columns: Any) -> str:
        """Write a Parquet object of these columns."""
        sink = io.BytesIO()
        pq.write_table(pa.table(columns), sink)
        return self.put(key, sink.getvalue())

    def table(
        self,
        name: str,
        columns: dict[str, str],
        form: str = 'parquet',
        *,
        keys: dict[str, str] | None = None,
        options: dict[str, str] | None = None,
        parameters: dict[str, str] | None = None,
    ) -> None:
        """Declare a table at s3://bucket/<name>/."""
        self.glue.create_table(
            DatabaseName=self.database,
            TableInput={
                'Name': name,
                'TableType': 'EXTERNAL_TABLE',
                'Parameters': parameters or {},
                'PartitionKeys': [{'Name': k, 'Type': t} for k, t in (keys or {}).items()],
                'StorageDescriptor': {
                    'Columns': [{'Name': k, 'Type': t} for k, t in columns.items()],
                    'Location': f's3://{self.bucket}/{name}/',
                    'SerdeInfo': {'SerializationLibrary': SERDES[form], 'Parameters': options or {}},
                },
            },
        )

    def partition(self, table: str, values: Sequence[str], location: str) -> None:
        """Point a partition at a location."""
        self.glue.create_partition(
            DatabaseName=self.database,
            TableName=table,
            PartitionInput={'Values': list(values), 'StorageDescriptor': {'Location': location}},
        )

    def start(self, sql: str, athena: Any = None, **more: Any) -> str:
        """Start a query with a result location in the bucket; its id."""
        options = {
            'QueryExecutionContext': {'Database': self.database},
            'ResultConfiguration': {'OutputLocation': f's3://{self.bucket}/results/'},
            **more,
        }
        identity: str = (athena or self.athena).start_query_execution(QueryString=sql, **options)['QueryExecutionId']
        return identity

    def ended(self, identity: str) -> dict[str, Any]:
        """The query once it has ended."""

        def look() -> dict[str, Any] | None:
            query: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=identity)['QueryExecution']
            return query if query['Status']['State'] in ('SUCCEEDED', 'FAILED', 'CANCELLED') else None

        return wait_for(look, 30)

    def run(self, sql: str, athena: Any = None, **more: Any) -> dict[str, Any]:
        """Run a query to its end, whatever that is."""
        return self.ended(self.start(sql, athena, **more))

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """The rows of a query that succeeds, without the header."""
        query = self.run(sql, **more)
        assert query['Status']['State'] == 'SUCCEEDED', query['Status'].get('StateChangeReason')
        answer = self.athena.get_query_results(QueryExecutionId=query['QueryExecutionId'])
        return [[d.get('VarCharValue') for d in row['Data']] for row in answer['ResultSet']['Rows'][1:]]

    def reason(self, sql: str, **more: Any) -> str:
        """Why a query that fails failed."""
        status = self.run(sql, **more)['Status']
        assert status['State'] == 'FAILED', status
        reason: str = status['StateChangeReason']
        return reason

    def keys(self, prefix: str) -> list[str]:
        """The keys under a prefix."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get('Contents', [])
        return [item['Key'] for item in found]


@pytest.fixture
def lake(cloud: Cloud) -> Lake:
    """An empty lake."""
    return Lake(cloud)
