"""Statements about the catalogue change and show what Glue keeps."""

from __future__ import annotations

from .conftest import Lake


def done(lake: Lake, sql: str) -> None:
    """Run a statement that succeeds."""
    status = lake.run(sql)['Status']
    assert status['State'] == 'SUCCEEDED', status


def lines(lake: Lake, sql: str) -> list[str]:
    """The lines a utility statement gives."""
    query = lake.run(sql)
    assert query['Status']['State'] == 'SUCCEEDED', query['Status']
    rows = lake.athena.get_query_results(QueryExecutionId=query['QueryExecutionId'])['ResultSet']['Rows']
    return [row['Data'][0]['VarCharValue'] for row in rows]


def test_an_external_table_is_declared_read_and_dropped(lake: Lake) -> None:
    lake.put('people/a.csv', 'id,name\n1,Ann\n')
    done(
        lake,
        'CREATE EXTERNAL TABLE IF NOT EXISTS people (`id` string, name string)\n'
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES ('separatorChar' = ',')\n"
        f"LOCATION 's3://{lake.bucket}/people/' TBLPROPERTIES ('skip.header.line.count' = '1')",
    )
    assert lake.rows('SELECT name FROM people') == [['Ann']]
    assert lines(lake, 'SHOW TABLES') == ['people']
    assert lines(lake, 'SHOW COLUMNS IN people') == ['id', 'name']
    assert [line.split() for line in lines(lake, 'DESCRIBE people')] == [['id', 'string'], ['name', 'string']]
    done(lake, 'DROP TABLE people')
    assert lake.reason('DROP TABLE people').startswith('TABLE_NOT_FOUND')
    done(lake, 'DROP TABLE IF EXISTS people')
    assert lake.keys('people/') == ['people/a.csv']


def test_partitions_are_added_dropped_and_found_by_repair(lake: Lake) -> None:
    done(
        lake,
        'CREATE EXTERNAL TABLE visits (n bigint) PARTITIONED BY (day date, site string) STORED AS PARQUET '
        f"LOCATION 's3://{lake.bucket}/visits'",
    )
    lake.parquet('elsewhere/a', n=[1])
    lake.parquet('visits/day=2020-01-02/site=x/a', n=[2])
    done(
        lake,
        "ALTER TABLE visits ADD IF NOT EXISTS PARTITION (day = '2020-01-01', site = 'w') "
        f"LOCATION 's3://{lake.bucket}/elsewhere/'",
    )
    assert lake.rows('SELECT n FROM visits') == [['1']]
    done(lake, 'MSCK REPAIR TABLE visits')
    assert lake.rows('SELECT n, day, site FROM visits ORDER BY n') == [
        ['1', '2020-01-01', 'w'],
        ['2', '2020-01-02', 'x'],
    ]
    assert lines(lake, 'SHOW PARTITIONS visits') == ['day=2020-01-01/site=w', 'day=2020-01-02/site=x']
    done(lake, "ALTER TABLE visits DROP PARTITION (day = '2020-01-01', site = 'w')")
    assert lake.rows('SELECT n FROM visits') == [['2']]


def test_a_managed_table_is_refused(lake: Lake) -> None:
    assert 'External keyword required' in lake.reason(f"CREATE TABLE t (a int) LOCATION 's3://{lake.bucket}/t/'")


def test_a_database_is_made_and_dropped(lake: Lake) -> None:
    name = f'{lake.database}_more'
    done(lake, f'CREATE DATABASE {name}')
    assert lake.reason(f'CREATE DATABASE {name}').startswith('SCHEMA_ALREADY_EXISTS')
    assert name in lines(lake, 'SHOW DATABASES')
    done(lake, f'DROP DATABASE {name}')
    assert name not in lines(lake, 'SHOW DATABASES')
