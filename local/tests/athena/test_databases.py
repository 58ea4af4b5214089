"""Databases wait for the next query: what one query did must not be seen by another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from presage_local.athena import databases, memory
from presage_local.athena.engine import QueryError, read_rows, run_sql


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database is left from other tests."""
    monkeypatch.setattr(databases, '_waiting', [])


def test_the_database_of_a_query_that_succeeded_serves_the_next(tmp_path: Path) -> None:
    with databases.borrowed(tmp_path) as connection:
        connection.execute('CREATE TEMP TABLE seen AS SELECT 1 AS a')
    assert len(databases._waiting) == 1
    with databases.borrowed(tmp_path) as connection:
        assert databases._waiting == []
        assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'seen'").fetchall() == [(0,)]


def test_the_database_of_a_query_that_failed_is_thrown_away() -> None:
    with pytest.raises(QueryError):
        run_sql("SELECT CAST(a AS bigint) FROM (VALUES 'x') AS t (a)", {})
    assert databases._waiting == []


def test_a_database_that_has_spilled_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, '_MEMORY', '20MB')
    with databases.borrowed(tmp_path) as connection:
        copy = f"COPY (SELECT range AS a FROM range(2000000) ORDER BY hash(range)) TO '{tmp_path}/one' (FORMAT parquet)"
        assert memory.in_little_memory(connection, copy) == 2_000_000
    assert databases._waiting == []
    assert not (tmp_path / 'spill').exists()


SETTINGS = "SELECT current_setting('memory_limit'), current_setting('preserve_insertion_order')"


def test_a_query_that_reads_has_all_memory_and_an_order_again_after_one_that_wrote(tmp_path: Path) -> None:
    copy = f"COPY (SELECT 1 AS a) TO '{tmp_path}/one' (FORMAT parquet)"
    for _ in range(2):
        with databases.borrowed(tmp_path) as connection:
            memory.in_little_memory(connection, copy)
            assert connection.execute(SETTINGS).fetchall() == [('381.4 MiB', False)]
        with databases.borrowed(tmp_path) as connection:
            [(limit, ordered)] = read_rows(connection, SETTINGS).rows
            assert limit.endswith('GiB')
            assert ordered is True


def test_a_query_after_one_that_needed_more_has_little_memory_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, '_MEMORY', '4MB')
    with databases.borrowed(tmp_path) as connection:
        copy = f"COPY (SELECT list(range) AS ids FROM range(2000000)) TO '{tmp_path}/one' (FORMAT parquet)"
        assert memory.in_little_memory(connection, copy) == 1
        assert connection.execute(SETTINGS).fetchall() == [('3.8 MiB', False)]


def test_a_query_of_plain_files_imports_neither_pyarrow_nor_numpy(tmp_path: Path) -> None:
    (tmp_path / 'a.csv').write_text('1,x\n2,y\n')
    script = (
        'import sys\n'
        'from presage_local.athena.engine import TableData, run_sql\n'
        f"table = TableData.of_files({{'a': 'string', 'b': 'string'}}, ['{tmp_path}/a.csv'], 'csv')\n"
        "print(run_sql('SELECT sum(CAST(a AS double)) AS s FROM t', {'t': table}).rows)\n"
        "print(sorted({'numpy', 'pyarrow'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ['[(3.0,)]', '[]']


def test_numbers_become_text_in_any_base_and_back() -> None:
    sql = "SELECT to_base(-255, 16), from_base('-FF', 16), from_base('+12', 10), to_base(0, 2)"
    assert run_sql(sql, {}).rows == [('-ff', -255, 12, '0')]


def test_a_text_that_is_no_number_of_its_base_fails() -> None:
    with pytest.raises(QueryError, match='INVALID_FUNCTION_ARGUMENT: Not a valid base-2 number: 12'):
        run_sql("SELECT from_base(a, 2) FROM (VALUES '12') AS t (a)", {})
