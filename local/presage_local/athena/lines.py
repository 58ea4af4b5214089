"""Text line by line, as Hive's readers cut it: for the files that DuckDB's CSV reader would read another way."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from .errors import QueryError

if TYPE_CHECKING:
    from .tables import DataFile

_ROWS = 50_000


class Layout:
    """How a line is cut into fields."""

    def __init__(self, format: str, options: Mapping[str, str]) -> None:
        self.quoted = format == 'csv'
        if self.quoted:
            self.delimiter = (options.get('separatorChar') or ',')[:1]
            self.quote = (options.get('quoteChar') or '"')[:1]
            self.escape = (options.get('escapeChar') or '\\')[:1]
        else:
            given = options.get('field.delim') or options.get('serialization.format') or '\x01'
            self.delimiter = '\x01' if given == '1' else '\t' if given == '\\t' else given[:1]
            self.quote, self.escape = '', (options.get('escape.delim') or '')[:1]
        self.null = None if self.quoted else options.get('serialization.null.format', '\\N')
        try:
            self.skip = int(options.get('skip.header.line.count') or 0)
        except ValueError:
            raise QueryError('HIVE_INVALID_METADATA', 'Invalid value for skip.header.line.count') from None


def open_bytes(file: DataFile) -> IO[bytes]:
    """A file's content, decompressed as its name's suffix says (Hadoop's rule)."""
    suffix = file.name.rsplit('.', 1)[-1].lower()
    if suffix in ('gz', 'gzip'):
        return cast(IO[bytes], gzip.open(file.local, 'rb'))
    if suffix == 'bz2':
        return cast(IO[bytes], bz2.open(file.local, 'rb'))
    if suffix in ('snappy', 'zst', 'lz4', 'lzo', 'deflate'):
        raise QueryError('NOT_SUPPORTED', f'{file.name}: text compressed as .{suffix}')
    return file.local.open('rb')


def failed(file: DataFile, error: Exception) -> QueryError:
    return QueryError('HIVE_CURSOR_ERROR', f'Failed to read file: {file.name}: {error}')


def lines(file: DataFile, layout: Layout) -> Iterator[list[str | None]]:
    """The fields of each line after the header. A line ends at a newline, quoted or not; bytes that are no UTF-8 become
    U+FFFD, as in Java."""
    with open_bytes(file) as stream:
        for number, raw in enumerate(_lines(stream)):
            if number >= layout.skip:
                yield _fields(raw.decode('utf-8', 'replace'), layout)


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    for line in stream:
        yield from line.rstrip(b'\n').removesuffix(b'\r').split(b'\r')


def _fields(line: str, layout: Layout) -> list[str | None]:
    if not layout.quoted and not layout.escape:
        return [None if field == layout.null else field for field in line.split(layout.delimiter)]
    fields: list[str | None] = []
    current: list[str] = []
    inside = False
    position, end = 0, len(line)
    while position < end:
        char = line[position]
        following = line[position + 1] if position + 1 < end else ''
        if char == layout.escape and (following in (layout.quote, layout.escape) if layout.quoted else following):
            current.append(following)
            position += 1
        elif layout.quote and char == layout.quote:
            if inside and following == layout.quote:
                current.append(char)
                position += 1
            else:
                inside = not inside
        elif char == layout.delimiter and not inside:
            fields.append(''.join(current))
            current = []
        else:
            current.append(char)
        position += 1
    fields.append(''.join(current))
    if layout.null is not None:
        return [None if field == layout.null else field for field in fields]
    return fields


def as_parquet(file: DataFile, layout: Layout, width: int, scratch: Path, index: int) -> str:
    """A FROM item with the lines' fields as `c0`, `c1`, …"""
    # Imported for the odd file only: it takes a quarter of a server's memory at rest.
    import pyarrow as pa
    import pyarrow.parquet as pq

    scratch.mkdir(parents=True, exist_ok=True)
    target = scratch / f'{index}.parquet'
    schema = pa.schema([(f'c{i}', pa.string()) for i in range(width)])
    with pq.ParquetWriter(target, schema) as writer:
        rows: list[list[str | None]] = []

        def flush() -> None:
            columns = [pa.array([row[i] if i < len(row) else None for row in rows], pa.string()) for i in range(width)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            rows.clear()

        try:
            for fields in lines(file, layout):
                rows.append(fields)
                if len(rows) == _ROWS:
                    flush()
        except (OSError, EOFError, zlib.error) as error:
            raise failed(file, error) from None
        flush()
    return f"read_parquet('{target}')"
