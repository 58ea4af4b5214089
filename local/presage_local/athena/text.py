"""Text tables as Athena reads them: OpenCSVSerDe, LazySimpleSerDe and JSON, line by line, compressed by suffix.

DuckDB's CSV reader does the work where it cannot differ from the line-based readers of Athena: no quote character in
the file, or quotes that close on every line, no escapes, no odd line. All other files are read by `lines` and
handed to DuckDB as Parquet. An odd line, of another number of fields than the first, is what DuckDB itself stumbles
over when it gets there (`stumbles`): then everything is made again with `careful`, which looks for them first.
"""

from __future__ import annotations

import codecs
import contextlib
import zlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from sqlglot import exp

from . import shapes, staged_numbers
from .errors import QueryError
from .lines import Layout, as_parquet, failed, open_bytes
from .types import TEXTS, duckdb_type

if TYPE_CHECKING:
    from .tables import DataFile

_CHUNK = 1 << 18  # fits into a processor's cache
# A file with a longer line is read by `lines`. Smaller buffers are shared better between threads.
_LINE, _BUFFER = 2 << 20, 2 << 20
# OpenCSVSerDe knows no null; DuckDB must be told a text for it, so it is one no file holds.
_NO_NULL = '~presage: no text is null~'


def sources(
    connection: duckdb.DuckDBPyConnection,
    format: str,
    files: Sequence[DataFile],
    declared: Mapping[str, exp.DataType],
    options: Mapping[str, str],
    scratch: Path,
    careful: bool,
    numbers: Mapping[str, str] | None = None,
    others: bool = False,
) -> tuple[list[tuple[dict[str, str], str]], int]:
    """The files as (column → SQL, FROM item) and the bytes of all of them: text is always read whole.

    `numbers`: columns and their types if files that hold numbers there can give them as such (staged_numbers.read);
    `others`: whether more columns than these are wanted.
    """
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
    # Where a text stands for null, an empty number and that text would both have to be one.
    numbers = {} if others and layout.null is not None else numbers or {}
    result: list[tuple[dict[str, str], str]] = []
    together: list[str] = []  # files in a row that one reader can read
    reader: Reader | None = None

    def read_together() -> None:
        if together and reader:
            read = {**columns, **staged_numbers.read({name: columns[name] for name in reader.numbers})}
            result.append((read, _read_csv(together, reader.options)))
            together.clear()

    for index, file in enumerate(files):
        found = _fast(connection, file, layout, declared, careful, numbers)
        if found != reader:
            read_together()
        reader = found
        if found is None:
            result.append((columns, as_parquet(file, layout, len(declared), scratch, index)))
        else:
            together.append(str(file.local))
    read_together()
    return result, scanned


def stumbles(error: duckdb.Error) -> bool:
    """Whether a query failed because DuckDB's CSV reader came to a line it does not read as Athena does."""
    kinds = (duckdb.InvalidInputException, duckdb.ConversionException)
    return isinstance(error, kinds) and 'CSV Error' in str(error)


def _value(column: str, kind: exp.DataType) -> str:
    return column if kind.this in TEXTS else f'TRY_CAST({column} AS {duckdb_type(kind)})'


def _json(files: Sequence[DataFile], declared: Mapping[str, exp.DataType]) -> tuple[dict[str, str], str]:
    paths = ', '.join("'" + str(file.local).replace("'", "''") + "'" for file in files)
    kinds = ', '.join(f"'{name}': '{duckdb_type(kind)}'" for name, kind in declared.items())
    source = f"read_json([{paths}], format = 'newline_delimited', columns = {{{kinds}}})"
    return {name: f'"{name}"' for name in declared}, source


@dataclass(frozen=True)
class Plain:
    """What there is to know of a file that DuckDB reads as Athena would."""

    quotes: bool
    fields: int  # of the first line
    shapes: list[int]  # of the columns, or none if they were not looked at


_REMEMBERED = 4096
_looked_at: dict[Hashable, Plain | None] = {}


def _plain(file: DataFile, layout: Layout, width: int) -> Plain | None:
    """None if DuckDB would read it another way. Remembered while a file does not change.

    `width`: of how many columns the shapes are wanted.
    """
    suffix = file.name.rsplit('.', 1)[-1].lower()
    key = (file.identity, suffix, layout.delimiter, layout.quote, layout.escape, layout.skip, width)
    with contextlib.suppress(KeyError):  # another query may clear it meanwhile
        return _looked_at[key]
    found = _look_through(file, layout, width)
    if len(_looked_at) >= _REMEMBERED:
        _looked_at.clear()
    _looked_at[key] = found
    return found


def _look_through(file: DataFile, layout: Layout, width: int) -> Plain | None:
    quote, escape = layout.quote.encode(), layout.escape.encode()
    found = shapes.Shapes(layout.delimiter.encode()) if width else None
    header = layout.skip == 1
    quotes, utf8, whole = False, codecs.getincrementaldecoder('utf-8')(), True
    last, open_line = b'', 0
    try:
        with open_bytes(file) as stream:
            first = chunk = stream.readline()
            windows = first.endswith(b'\r\n')  # then all lines have to end so
            while chunk:
                if chunk.endswith(b'\r'):
                    chunk += stream.read(1)
                seam = last + chunk[:3]
                if b'\0' in chunk or (escape and escape in chunk) or b'\n\n' in chunk or b'\n\n' in seam:
                    return None
                if b'\r' in chunk or windows:
                    ends = chunk.count(b'\r\n')
                    if not windows or ends < chunk.count(b'\r') or ends < chunk.count(b'\n'):
                        return None
                    if b'\r\n\r\n' in chunk or b'\r\n\r\n' in seam:
                        return None
                open_line = len(chunk) - 1 - end if (end := chunk.rfind(b'\n')) >= 0 else open_line + len(chunk)
                if max(open_line, len(first)) > _LINE - _CHUNK:
                    return None
                if not (whole and chunk.isascii()):
                    utf8.decode(chunk)
                    whole = not utf8.getstate()[0]
                quoted = bool(quote and quote in chunk)
                quotes = quotes or quoted
                if found and not header and (quoted or not found.add(chunk)):
                    found = None
                header = False
                last = chunk[-3:]
                chunk = stream.read(_CHUNK)
        if quotes:
            with open_bytes(file) as stream:
                if any(line.count(quote) % 2 for line in stream):
                    return None
    except UnicodeDecodeError:
        return None
    except (OSError, EOFError, zlib.error) as error:
        raise failed(file, error) from None
    if not first.strip():
        return None
    fields = first.count(layout.delimiter.encode()) + 1
    return Plain(quotes, fields, found.columns(width) if found else [])


@dataclass(frozen=True)
class Reader:
    """How DuckDB has to be told to read a file."""

    options: str
    numbers: tuple[str, ...]  # the columns that come as numbers


def _fast(
    connection: duckdb.DuckDBPyConnection,
    file: DataFile,
    layout: Layout,
    declared: Mapping[str, exp.DataType],
    careful: bool,
    numbers: Mapping[str, str],
) -> Reader | None:
    """The reader, or None for a file that DuckDB would read another way than Athena."""
    suffix, width = file.name.rsplit('.', 1)[-1].lower(), len(declared)
    plain = _plain(file, layout, width if numbers else 0)
    if plain is None or suffix == 'bz2':
        return None
    quotes, fields = plain.quotes, plain.fields
    kinds = _kinds(plain.shapes, declared, numbers) if plain.shapes and fields >= width else {}
    if layout.null is not None and len(kinds) < len(numbers):
        kinds = {}
    types = [kinds.get(name, 'VARCHAR') for name in declared]
    types += ['VARCHAR'] * (0 if quotes else fields - width)
    columns = ', '.join(f"'c{i}': '{kind}'" for i, kind in enumerate(types))
    mark = layout.quote.replace("'", "''") if quotes else ''
    null = '' if kinds else (layout.null if layout.null is not None else _NO_NULL).replace("'", "''")
    # An empty number is null; an empty text is not.
    texts = ', '.join(f"'c{i}'" for i, kind in enumerate(types) if kinds and kind == 'VARCHAR')
    delimiter = layout.delimiter.replace("'", "''")
    compression = 'gzip' if suffix in ('gz', 'gzip') else 'none'
    padded = 'true' if fields < width else 'false'  # costs half of the speed
    options = (
        f"auto_detect = false, header = false, skip = {layout.skip}, delim = '{delimiter}', "
        f"quote = '{mark}', escape = '{mark}', nullstr = '{null}', columns = {{{columns}}}, null_padding = {padded}, "
        f'{f"force_not_null = [{texts}], " if texts else ""}'
        f"compression = '{compression}', max_line_size = {_LINE}, buffer_size = {_BUFFER}, strict_mode = true"
    )
    if careful:
        try:
            connection.execute(f'SELECT count(*) FROM {_read_csv([str(file.local)], options)}').fetchone()
        except duckdb.Error:
            return None  # lines of several widths, or longer than a buffer
    return Reader(options, tuple(kinds))


def _kinds(found: Sequence[int], declared: Mapping[str, exp.DataType], numbers: Mapping[str, str]) -> dict[str, str]:
    """The columns that can be read as the numbers they are wanted as: column → type."""
    held = dict(zip(declared, found, strict=True))
    return {
        name: kind
        for name, kind in numbers.items()
        if name in held and held[name] <= (shapes.POINT if kind == 'DOUBLE' else shapes.WHOLE)
    }


def _read_csv(paths: Sequence[str], options: str) -> str:
    listed = ', '.join("'" + path.replace("'", "''") + "'" for path in paths)
    return f'read_csv([{listed}], {options})'
