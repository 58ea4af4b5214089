"""Types and values, as Hive declares them, Trino computes them, DuckDB holds them and Athena prints them."""

from __future__ import annotations

import datetime
import decimal
import functools
import math
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from .errors import QueryError

INTEGERS = {exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT}
FLOATS = {exp.DType.DOUBLE, exp.DType.FLOAT}
NUMBERS = INTEGERS | FLOATS | {exp.DType.DECIMAL}
TEXTS = {exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR, exp.DType.NCHAR, exp.DType.NVARCHAR, exp.DType.NAME}
TIMESTAMPS = {exp.DType.TIMESTAMP, exp.DType.TIMESTAMP_MS, exp.DType.TIMESTAMP_S, exp.DType.TIMESTAMPNTZ}
ZONED = {exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ}

# DuckDB's result types as GetQueryResults names them.
_RESULT_NAMES = {
    'BOOLEAN': 'boolean',
    'TINYINT': 'tinyint',
    'SMALLINT': 'smallint',
    'INTEGER': 'integer',
    'BIGINT': 'bigint',
    'HUGEINT': 'bigint',
    'UBIGINT': 'bigint',
    'FLOAT': 'float',
    'DOUBLE': 'double',
    'VARCHAR': 'varchar',
    'JSON': 'json',
    'BLOB': 'varbinary',
    'DATE': 'date',
    'TIME': 'time',
    'TIMESTAMP': 'timestamp',
    'TIMESTAMP_S': 'timestamp',
    'TIMESTAMP_MS': 'timestamp',
    'TIMESTAMP_NS': 'timestamp',
    'TIMESTAMP WITH TIME ZONE': 'timestamp with time zone',
    'INTERVAL': 'interval day to second',
    '"NULL"': 'unknown',
}
_PRECISION = {'tinyint': 3, 'smallint': 5, 'integer': 10, 'bigint': 19, 'float': 17, 'double': 17, 'boolean': 0}


def parse_type(text: str) -> exp.DataType:
    """The type a catalogue column declares (`bigint`, `string`, `array<int>`, `decimal(10,2)`)."""
    return _parsed(text).copy()


@functools.lru_cache(maxsize=256)
def _parsed(text: str) -> exp.DataType:
    try:
        parsed = exp.DataType.build(text, dialect='hive')
    except (SqlglotError, ValueError):
        raise QueryError('HIVE_INVALID_METADATA', f'Unknown type: {text}') from None
    if parsed.is_type(exp.DType.USERDEFINED, exp.DType.UNKNOWN):
        raise QueryError('HIVE_INVALID_METADATA', f'Unknown type: {text}')
    if parsed.is_type(exp.DType.DECIMAL) and not parsed.expressions:
        return exp.DataType.build('decimal(10, 0)', dialect='hive')  # Hive's default
    return parsed


def duckdb_type(kind: exp.DataType) -> str:
    """A type in DuckDB's spelling. Lengths of char and varchar do not change what is read."""
    return 'VARCHAR' if kind.this in TEXTS else kind.sql('duckdb')


def athena_type(duckdb_name: str) -> tuple[str, int, int]:
    """Name, precision and scale of a result column as GetQueryResults gives them."""
    name = duckdb_name
    if name.startswith('DECIMAL'):
        precision, scale = name[8:-1].split(',')
        return 'decimal', int(precision), int(scale)
    if name.endswith(']'):
        return 'array', 0, 0
    if name.startswith('MAP'):
        return 'map', 0, 0
    if name.startswith('STRUCT'):
        return 'row', 0, 0
    plain = _RESULT_NAMES.get(name, 'varchar')
    if plain == 'varchar':
        return plain, 2147483647, 0
    return plain, _PRECISION.get(plain, 3 if 'timestamp' in plain else 0), 0


def hive_type(duckdb_name: str) -> str:
    """A result column's type as the Glue catalogue spells it (for CREATE TABLE AS)."""
    name = duckdb_name
    if name.endswith('[]'):
        return f'array<{hive_type(name[:-2])}>'
    if name.startswith('DECIMAL'):
        return name.lower()
    if name.startswith(('MAP', 'STRUCT')):
        return exp.DataType.build(name, dialect='duckdb').sql('hive').lower()
    plain = _RESULT_NAMES.get(name, 'varchar')
    spelled = {'integer': 'int', 'varchar': 'string', 'varbinary': 'binary'}.get(plain, plain)
    if spelled in ('unknown', 'json', 'time') or 'interval' in spelled or 'zone' in spelled:
        raise QueryError('NOT_SUPPORTED', f'Unsupported Hive type: {plain}')
    return spelled


def double_text(value: float) -> str:
    """A double as Java prints it: `1.0`, `1.0E7`, `1.0E-5`, `NaN`, `Infinity`."""
    if math.isnan(value):
        return 'NaN'
    if math.isinf(value):
        return 'Infinity' if value > 0 else '-Infinity'
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return format(decimal.Decimal(repr(value)), 'f') if value else repr(value)
    return scientific_text(value)


def scientific_text(value: float) -> str:
    """A double as Trino casts it to varchar: always `d.dE±n`, `1.5E0`, `1.0E1`."""
    if math.isnan(value) or math.isinf(value):
        return double_text(value)
    if value == 0:
        return '-0.0E0' if math.copysign(1, value) < 0 else '0.0E0'
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    text = ''.join(map(str, digits))
    assert isinstance(exponent, int)
    return f'{"-" if sign else ""}{text[0]}.{text[1:] or "0"}E{exponent + len(text) - 1}'


def text_of(value: Any) -> str | None:
    """A value as Athena's result files and GetQueryResults print it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat(' ', 'milliseconds')
        return f'{text} UTC' if value.tzinfo else text
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, 'f')
    if isinstance(value, (bytes, bytearray)):
        return value.hex(' ')
    if isinstance(value, list):
        return '[' + ', '.join(_inner(item) for item in value) + ']'
    if isinstance(value, dict):
        return '{' + ', '.join(f'{_inner(key)}={_inner(item)}' for key, item in value.items()) + '}'
    return str(value)


def _inner(value: Any) -> str:
    return 'null' if value is None else text_of(value) or ''
