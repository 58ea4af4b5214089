"""The relations a query reads by bare name, generated from the definition: staged sources and tables of this run.

Each becomes a leading CTE of the query under the name the query uses. Sources are cast, cleared of rows without a key,
of rows after the run date and of repeated keys or rows; tables are the rows that the present run has written;
`predictions` are the published ones of every run date.
"""

from __future__ import annotations

from typing import TypedDict

RUN_DATE = ':run_date'


# Words that Trino or DuckDB read as syntax wherever they stand. Generated text does not quote names.
RESERVED = frozenset(
    """
    all alter analyse analyze and any array as asc asymmetric between both by case cast check collate column constraint
    create cross cube current_catalog current_date current_path current_role current_schema current_time
    current_timestamp current_user deallocate default deferrable delete desc describe distinct do drop else end escape
    except execute exists extract false fetch for foreign from full group grouping having in initially inner insert
    intersect into is join json_array json_exists json_object json_query json_table json_value lambda lateral leading
    left like limit listagg localtime localtimestamp natural normalize not null offset on only or order outer pivot
    pivot_longer pivot_wider placing prepare primary qualify recursive references returning right rollup select show
    skip some summarize symmetric table then to trailing trim true uescape union unique unnest unpivot using values
    variadic when where window with
    """.split()  # noqa: SIM905  (a list of a hundred quoted words reads worse)
)


class Source(TypedDict):
    """A source as the request gives it: `raw` is its name in the catalogue, `date` the day a row is about.

    `distinct` sources have no key: rows that agree in every column are one row.
    """

    raw: str
    format: str
    key: list[str]
    distinct: bool
    date: str | None
    columns: dict[str, str]


class Table(TypedDict):
    """A table as the request gives it: `columns` include the partition columns, without `run_date`."""

    candidate: str
    columns: dict[str, str]


class Predictions(TypedDict):
    """`published` is their name in the catalogue; `columns` are without `run_date`."""

    published: str
    columns: dict[str, str]


def physical_columns(source: Source) -> dict[str, str]:
    """Types in the catalogue: every column of a CSV file is a string there."""
    return {name: 'varchar' if source['format'] == 'csv' else kind for name, kind in source['columns'].items()}


def typed(source: Source, name: str, lenient: bool) -> str:
    """One column of the raw table as its declared type. An empty CSV field is a null; unreadable ones if `lenient`."""
    kind = source['columns'][name]
    if source['format'] != 'csv':
        return f'CAST({name} AS {kind})'
    cast = 'TRY_CAST' if lenient and kind != 'varchar' else 'CAST'
    return f"{cast}(NULLIF({name}, '') AS {kind})"


def source_query(source: Source, lenient: bool = False) -> str:
    """The rows of a source that a run may read, one per key. A value that is not of its column's type stops the query,
    unless it is `lenient`: then it is null.

    Of rows with the same key the first by all their other columns stays, in declared order and with nulls last: a total
    order, as rows that agree in every column are the same row.
    """
    columns = source['columns']
    date = source['date']
    # An empty key is seen in the text, where nothing has to be cast to see it; one that nobody can read, afterwards.
    as_text = source['format'] == 'csv' and not lenient
    given, conditions = [], []
    for name in source['key']:
        if as_text:
            given.append(f"{name} <> ''")
            continue
        conditions.append(f'typed.{name} IS NOT NULL')
        if columns[name] == 'varchar':
            conditions.append(f"typed.{name} <> ''")
    if date:
        day = f'typed.{date}' if columns[date] == 'date' else f'CAST(typed.{date} AS date)'
        conditions.append(f'{day} <= {RUN_DATE}')
    names = ', '.join(columns)
    cast = ', '.join(f'{typed(source, name, lenient)} AS {name}' for name in columns)
    rows = f'FROM (SELECT {cast} FROM {source["raw"]}{_where(given)}) AS typed{_where(conditions)}'
    if not source['key']:
        return f'SELECT {"DISTINCT " if source["distinct"] else ""}{names} {rows}'
    others = [name for name in columns if name not in source['key']] or source['key']
    order = ', '.join(f'typed.{name} ASC NULLS LAST' for name in others)
    partition = ', '.join(f'typed.{name}' for name in source['key'])
    listed = ', '.join(f'typed.{name}' for name in columns)
    numbered = f'SELECT {listed}, ROW_NUMBER() OVER (PARTITION BY {partition} ORDER BY {order}) AS copy_number {rows}'
    return f'SELECT {names} FROM ({numbered}) AS numbered WHERE numbered.copy_number = 1'


def _where(conditions: list[str]) -> str:
    return f' WHERE {" AND ".join(conditions)}' if conditions else ''


def table_query(table: Table) -> str:
    """The rows of a table that the present run has written."""
    return f'SELECT {", ".join(table["columns"])} FROM {table["candidate"]} WHERE run_date = {RUN_DATE}'


def predictions_query(predictions: Predictions) -> str:
    """The published predictions of all run dates: a query that wants one day says so."""
    return f'SELECT {", ".join(predictions["columns"])}, run_date FROM {predictions["published"]}'
