"""A query's result as Athena keeps it: a CSV object beside its metadata, read back page by page."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import AwsError
from . import storage
from .storage import Location
from .types import athena_type, text_of

PAGE = 1000
# A field is quoted text (quotes doubled), or nothing, which is null.
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)")?(,|\n)')


def column_info(names: Sequence[str], types: Sequence[str]) -> list[dict[str, Any]]:
    """ResultSetMetadata's ColumnInfo; `types` in DuckDB's spelling."""
    infos = []
    for name, kind in zip(names, types, strict=True):
        athena, precision, scale = athena_type(kind)
        infos.append(
            {
                'CatalogName': 'hive',
                'SchemaName': '',
                'TableName': '',
                'Name': name,
                'Label': name,
                'Type': athena,
                'Precision': precision,
                'Scale': scale,
                'Nullable': 'UNKNOWN',
                'CaseSensitive': athena == 'varchar',
            }
        )
    return infos


def csv_bytes(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The result file: everything quoted, a header, null as nothing."""
    lines = [','.join(map(_quoted, names))]
    lines += [','.join('' if (text := text_of(value)) is None else _quoted(text) for value in row) for row in rows]
    return ('\n'.join(lines) + '\n').encode()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def parse_csv(content: str) -> list[list[str | None]]:
    """The rows of a result file, header first."""
    rows: list[list[str | None]] = [[]]
    for match in _FIELD.finditer(content):
        field = match.group(1)
        rows[-1].append(None if field is None else field.replace('""', '"'))
        if match.group(2) == '\n':
            rows.append([])
    return rows[:-1]


@functools.lru_cache(maxsize=8)
def _rows(location: str, kind: str, etag: str) -> list[list[str | None]]:
    content = storage.read(Location.of(location))
    if content is None:
        raise AwsError('InvalidRequestException', f'Could not find results at {location}')
    text = content.decode()
    return parse_csv(text) if kind == 'csv' else [[line] for line in text.splitlines()]


def page(location: str, kind: str, identity: str, token: str | None, size: int | None) -> tuple[list[Any], str | None]:
    """Rows of one page as the API shapes them, and the token of the next. `kind`: csv or txt."""
    rows = _rows(location, kind, identity)
    try:
        start = int(json.loads(token)) if token else 0
    except (ValueError, TypeError):
        raise AwsError('InvalidRequestException', 'Invalid NextToken') from None
    if not 0 <= start <= len(rows):
        raise AwsError('InvalidRequestException', 'Invalid NextToken')
    end = start + min(size or PAGE, PAGE)
    shaped = [{'Data': [{} if value is None else {'VarCharValue': value} for value in row]} for row in rows[start:end]]
    return shaped, json.dumps(end) if end < len(rows) else None


def metadata_bytes(infos: Sequence[dict[str, Any]]) -> bytes:
    """The `.metadata` object beside a result: which columns, of which type. (Athena's own format is not published.)"""
    return json.dumps({'columns': [{'name': info['Name'], 'type': info['Type']} for info in infos]}).encode()
