"""Text tables as Athena reads them: OpenCSVSerDe, LazySimpleSerDe and JSON, line by line, compressed by suffix.

DuckDB's CSV reader does the work where it cannot differ from the line-based readers of Athena: no quote character in
the file, or quotes that close on every line, no escapes, no odd line. All other files are read by `lines` below and
handed to DuckDB as Parquet. An odd line, of another number of fields than the first, is what DuckDB itself stumbles
over when it gets there (`stumbles`): then everything is made again with `careful`, which looks for them first.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import duckdb
from sqlglot import exp

from .errors import QueryError
from .types import TEXTS, duckdb_type

if TYPE_CHECKING:
    from .tables import DataFile

_ROWS = 50_000
_CHUNK = 1 << 18  # fits into a processor's cache
# A file with a longer line is read by `lines`. Smaller buffers are shared better between threads.
_LINE, _BUFFER = 2 << 20, 2 << 20
# OpenCSVSerDe knows no null; DuckDB must be told a text for it, so it is one no file holds.
_NO_NULL = '~presage: no text is null~'


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


def sources(
    connection: duckdb.DuckDBPyConnection,
    format: str,
    files: Sequence[DataFile],
    declared: Mapping[str, exp.DataType],
    options: Mapping[str, str],
    scratch: Path,
    careful: bool,
) -> tuple[list[tuple[dict[str, str], str]], int]:
    """The files as (column → SQL, FROM item) and the bytes of all of them: text is always read whole."""
    scanned = sum(file.bytes for file in files)
    if format == 'json':
        return [_json(files, declared)], scanned
    layout = Layout(format, options)
    if layout.quoted:
        for column, kind in declared.items():
            if kind.this not in TEXTS:
                # The SerDe itself declares strings; anything else Athena converts with rules of its own.
                raise QueryError(
                    'NOT_SUPPORTED', f'OpenCSVSerDe column {column} must be declared string and cast in the query'
                )
    columns = {name: _value(f'c{position}', kind) for position, (name, kind) in enumerate(declared.items())}
    result: list[str] = []
    together: list[str] = []  # files in a row that one reader can read
    reader = ''
    for index, file in enumerate(files):
        found = _fast(connection, file, layout, len(declared), careful)
        if together and found != reader:
            result.append(_read_csv(together, reader))
            together = []
        if found is None:
            result.append(_slow(file, layout, len(declared), scratch, index))
        else:
            together.append(str(file.local))
            reader = found
    if together:
        result.append(_read_csv(together, reader))
    return [(columns, source) for source in result], scanned


def stumbles(error: duckdb.Error) -> bool:
    """Whether a query failed because DuckDB's CSV reader came to a line it does not read as Athena does."""
    return isinstance(error, duckdb.InvalidInputException) and 'CSV Error' in str(error)


def _value(column: str, kind: exp.DataType) -> str:
    return column if kind.this in TEXTS else f'TRY_CAST({column} AS {duckdb_type(kind)})'


def _json(files: Sequence[DataFile], declared: Mapping[str, exp.DataType]) -> tuple[dict[str, str], str]:
    paths = ', '.join("'" + str(file.local).replace("'", "''") + "'" for file in files)
    kinds = ', '.join(f"'{name}': '{duckdb_type(kind)}'" for name, kind in declared.items())
    source = f"read_json([{paths}], format = 'newline_delimited', columns = {{{kinds}}})"
    return {name: f'"{name}"' for name in declared}, source


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


def _bad(file: DataFile, error: Exception) -> QueryError:
    return QueryError('HIVE_CURSOR_ERROR', f'Failed to read file: {file.name}: {error}')


def _plain(file: DataFile, layout: Layout) -> tuple[bool, int] | None:
    """(has quotes, fields in the first line) if DuckDB reads this file as Athena would, else None."""
    quote, escape = layout.quote.encode(), layout.escape.encode()
    quotes, utf8 = False, codecs.getincrementaldecoder('utf-8')()
    last = b''
    try:
        with open_bytes(file) as stream:
            first = chunk = stream.readline()
            while chunk:
                if chunk.endswith(b'\r'):
                    chunk += stream.read(1)
                seam = last + chunk[:3]
                if b'\0' in chunk or (escape and escape in chunk) or b'\n\n' in chunk or b'\n\n' in seam:
                    return None
                if b'\r' in chunk and chunk.count(b'\r\n') != chunk.count(b'\r'):
                    return None
                if b'\r\n\r\n' in chunk or b'\r\n\r\n' in seam:
                    return None
                utf8.decode(chunk)
                quotes = quotes or bool(quote and quote in chunk)
                last = chunk[-3:]
                chunk = stream.read(_CHUNK)
        if quotes:
            with open_bytes(file) as stream:
                if any(line.count(quote) % 2 for line in stream):
                    return None
    except UnicodeDecodeError:
        return None
    except (OSError, EOFError, zlib.error) as error:
        raise _bad(file, error) from None
    if not first.strip():
        return None
    return quotes, first.count(layout.delimiter.encode()) + 1


def _fast(
    connection: duckdb.DuckDBPyConnection, file: DataFile, layout: Layout, width: int, careful: bool
) -> str | None:
    """How DuckDB has to be told to read the file, or None for a file that it would read another way than Athena."""
    suffix = file.name.rsplit('.', 1)[-1].lower()
    plain = _plain(file, layout)
    if plain is None or suffix == 'bz2':
        return None
    quotes, fields = plain
    columns = ', '.join(f"'c{i}': 'VARCHAR'" for i in range(max(width, fields if not quotes else width)))
    mark = layout.quote.replace("'", "''") if quotes else ''
    null = (layout.null if layout.null is not None else _NO_NULL).replace("'", "''")
    delimiter = layout.delimiter.replace("'", "''")
    compression = 'gzip' if suffix in ('gz', 'gzip') else 'none'
    padded = 'true' if fields < width else 'false'  # costs half of the speed
    reader = (
        f"auto_detect = false, header = false, skip = {layout.skip}, delim = '{delimiter}', "
        f"quote = '{mark}', escape = '{mark}', nullstr = '{null}', columns = {{{columns}}}, null_padding = {padded}, "
        f"compression = '{compression}', max_line_size = {_LINE}, buffer_size = {_BUFFER}, strict_mode = true"
    )
    if careful:
        try:
            connection.execute(f'SELECT count(*) FROM {_read_csv([str(file.local)], reader)}').fetchone()
        except duckdb.Error:
            return None  # lines of several widths, or longer than a buffer
    return reader


def _read_csv(paths: Sequence[str], reader: str) -> str:
    listed = ', '.join("'" + path.replace("'", "''") + "'" for path in paths)
    return f'read_csv([{listed}], {reader})'


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


def _slow(file: DataFile, layout: Layout, width: int, scratch: Path, index: int) -> str:
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
            raise _bad(file, error) from None
        flush()
    return f"read_parquet('{target}')"
