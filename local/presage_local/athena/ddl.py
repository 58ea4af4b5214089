"""Statements about the catalogue, carried out on Glue: what the local Athena knows of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from . import caller, catalogue
from .ddl_common import Answer
from .ddl_partitions import add_partition, alter, repair
from .ddl_show import describe, show_columns, show_databases, show_partitions, show_tables
from .errors import QueryError, unsupported
from .statements import Ddl
from .storage import Location
from .translate import parse
from .types import hive_type, parse_type
from .write import Target

if TYPE_CHECKING:
    from .execution import Execution

_SERDES = {
    'PARQUET': (
        'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
        'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
        'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
    ),
    'TEXTFILE': (
        'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe',
        'org.apache.hadoop.mapred.TextInputFormat',
        'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    ),
    'JSON': (
        'org.openx.data.jsonserde.JsonSerDe',
        'org.apache.hadoop.mapred.TextInputFormat',
        'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    ),
}


def run(statement: Ddl, execution: Execution) -> Answer:
    """Carry out a catalogue statement. QueryError for everything not known here."""
    words = statement.words
    for prefix, handler in _HANDLERS:
        if words[: len(prefix)] == prefix:
            return handler(statement, execution)
    known = ('INSERT', 'DELETE', 'MERGE', 'UPDATE', 'EXPLAIN', 'PREPARE', 'EXECUTE', 'VACUUM', 'OPTIMIZE', 'SHOW')
    if words[0] in known or words[0] in ('CREATE', 'ALTER', 'DROP'):
        raise unsupported(f'the statement {" ".join(words[:2])}')
    raise QueryError('SYNTAX_ERROR', f"line 1:1: mismatched input '{statement.sql.split()[0]}'")


def _names(node: exp.Expr | None, execution: Execution) -> tuple[str, str]:
    table = node.find(exp.Table) if node is not None else None
    if table is None or not table.name:
        raise QueryError('SYNTAX_ERROR', 'line 1:1: the name of a table is missing')
    return (table.db or execution.database).lower(), table.name.lower()


def _create(statement: Ddl, execution: Execution) -> Answer:
    if statement.words[1:2] in (('SCHEMA',), ('DATABASE',)):
        return _create_database(statement)
    tree = parse(statement.sql)
    if not isinstance(tree, exp.Create):
        raise unsupported(f'the statement {" ".join(statement.words[:2])}')
    kind = (tree.args.get('kind') or '').upper()
    if kind != 'TABLE':
        raise unsupported(f'CREATE {kind}')
    if tree.expression is not None:
        return _create_as(statement, tree, execution)
    return _create_external(tree, execution)


_DATABASE = re.compile(
    r'(CREATE|DROP)\s+(?:DATABASE|SCHEMA)\s+(IF\s+(?:NOT\s+)?EXISTS\s+)?[`\"]?(\w+)[`\"]?'
    r"(?:\s+LOCATION\s+'([^']+)')?(?:\s+(?:RESTRICT|CASCADE))?$",
    re.IGNORECASE,
)


def _create_database(statement: Ddl) -> Answer:
    match = _DATABASE.match(statement.sql)
    if match is None:
        raise unsupported('this form of CREATE DATABASE')
    name = match.group(3).lower()
    caller.check_glue('CreateDatabase', name)
    if catalogue.has_database(name):
        if match.group(2):
            return Answer()
        raise QueryError('SCHEMA_ALREADY_EXISTS', f'Database {name} already exists')
    more = {'LocationUri': match.group(4)} if match.group(4) else {}
    catalogue.change('CreateDatabase', {'DatabaseInput': {'Name': name, **more}})
    return Answer()


def _drop_database(statement: Ddl) -> Answer:
    match = _DATABASE.match(statement.sql)
    if match is None:
        raise unsupported('this form of DROP DATABASE')
    name = match.group(3).lower()
    caller.check_glue('DeleteDatabase', name)
    if not catalogue.has_database(name):
        if match.group(2):
            return Answer()
        raise QueryError('SCHEMA_NOT_FOUND', f'Database {name} does not exist')
    catalogue.change('DeleteDatabase', {'Name': name})
    return Answer()


def _create_external(tree: exp.Create, execution: Execution) -> Answer:
    database, table = _names(tree, execution)
    caller.check_glue('CreateTable', database, table)
    if tree.find(exp.ExternalProperty) is None:
        raise QueryError('SYNTAX_ERROR', 'External keyword required for table type HIVE')
    if catalogue.find(database, table) is not None:
        if tree.args.get('exists'):
            return Answer()
        raise QueryError('TABLE_ALREADY_EXISTS', f'Table {database}.{table} already exists')
    location = tree.find(exp.LocationProperty)
    if location is None:
        raise QueryError('SYNTAX_ERROR', 'No location was specified for table. An S3 location must be specified')
    where = Location.of(location.this.name).folder
    partitioned = tree.find(exp.PartitionedByProperty)
    keys = _columns(partitioned.this) if partitioned is not None else []
    listed = _columns(tree.this) if isinstance(tree.this, exp.Schema) else []
    serde, options = _serde(tree)
    parameters = {'EXTERNAL': 'TRUE'}
    for item in tree.find_all(exp.Property):
        if type(item) is exp.Property:
            parameters[item.name] = item.args['value'].name
    _create_table(database, table, listed, keys, str(where), serde, options, parameters)
    return Answer()


def _columns(schema: exp.Expr) -> list[dict[str, str]]:
    columns = []
    for item in schema.expressions:
        if not isinstance(item, exp.ColumnDef) or item.kind is None:
            raise QueryError('SYNTAX_ERROR', f"mismatched input '{item.sql('hive')}'. Expecting: a column and its type")
        columns.append({'Name': item.name.lower(), 'Type': item.kind.sql('hive').lower()})
    for column in columns:
        parse_type(column['Type'])
    return columns


def _serde(tree: exp.Create) -> tuple[tuple[str, str, str], dict[str, str]]:
    named = tree.find(exp.RowFormatSerdeProperty)
    delimited = tree.find(exp.RowFormatDelimitedProperty)
    stored = tree.find(exp.FileFormatProperty)
    form = stored.this.name.upper() if stored is not None and stored.this is not None else 'TEXTFILE'
    options: dict[str, str] = {}
    properties = tree.find(exp.SerdeProperties)
    for item in properties.expressions if properties is not None else []:
        options[item.name] = item.args['value'].name
    if delimited is not None and delimited.args.get('fields') is not None:
        options['field.delim'] = delimited.args['fields'].name
    base = _SERDES.get(form, _SERDES['TEXTFILE'])
    return ((named.this.name, base[1], base[2]) if named is not None else base), options


def _create_table(
    database: str,
    table: str,
    columns: list[dict[str, str]],
    keys: list[dict[str, str]],
    location: str,
    serde: tuple[str, str, str],
    options: dict[str, str],
    parameters: dict[str, str],
) -> None:
    descriptor = {
        'Columns': columns,
        'Location': location,
        'InputFormat': serde[1],
        'OutputFormat': serde[2],
        'SerdeInfo': {'SerializationLibrary': serde[0], 'Parameters': options},
    }
    entry = {
        'Name': table,
        'TableType': 'EXTERNAL_TABLE',
        'StorageDescriptor': descriptor,
        'PartitionKeys': keys,
        'Parameters': parameters,
    }
    catalogue.change('CreateTable', {'DatabaseName': database, 'TableInput': entry})


def _create_as(statement: Ddl, tree: exp.Create, execution: Execution) -> Answer:
    database, table = _names(tree.this, execution)
    caller.check_glue('CreateTable', database, table)
    if catalogue.find(database, table) is not None:
        if tree.args.get('exists'):
            return Answer()
        raise QueryError(
            'TABLE_ALREADY_EXISTS', f"line 1:1: Destination table 'awsdatacatalog.{database}.{table}' already exists"
        )
    location, options = _ctas_options(tree)
    if location and execution.enforced:
        raise QueryError(
            'INVALID_TABLE_PROPERTY',
            "The Create Table As Select query failed because it was submitted with an 'external_location' property "
            'to an Athena Workgroup that enforces a centralized output location for all queries.',
        )
    location = location or f'{execution.output}tables/{execution.identity}/'
    target = Target.of(location, {'format': 'PARQUET', **options})
    match = re.search(r'\bAS\s*(?=\(?\s*(SELECT|WITH|VALUES|TABLE)\b)', statement.sql, re.IGNORECASE)
    if match is None:
        raise QueryError('SYNTAX_ERROR', 'line 1:1: CREATE TABLE AS needs a query')
    written, scanned = execution.write_query(statement.sql[match.end() :], target)
    split = len(written.columns) - len(target.partitioned_by)
    declared = [
        {'Name': name, 'Type': hive_type(kind)} for name, kind in zip(written.columns, written.types, strict=True)
    ]
    serde_options = {'field.delim': target.delimiter} if target.format == 'TEXTFILE' else {}
    _create_table(
        database,
        table,
        declared[:split],
        declared[split:],
        str(target.folder),
        _SERDES[target.format],
        serde_options,
        {'EXTERNAL': 'TRUE'},
    )
    for values, where in written.partitions.items() if target.partitioned_by else ():
        add_partition(database, table, [str(value) for value in values], where)
    return Answer(scanned=scanned, manifest=execution.manifest(written))


def _ctas_options(tree: exp.Create) -> tuple[str, dict[str, str | list[str]]]:
    location, options = '', {}
    names = {'write_compression': 'compression', 'parquet_compression': 'compression'}
    properties = tree.args.get('properties')
    for item in properties.expressions if properties is not None else []:
        if isinstance(item, exp.FileFormatProperty):
            options['format'] = item.this.name
        elif isinstance(item, exp.PartitionedByProperty):
            options['partitioned_by'] = [part.name for part in item.this.expressions]
        elif isinstance(item, exp.LocationProperty) or item.name.lower() == 'external_location':
            value = item.this if isinstance(item, exp.LocationProperty) else item.args['value']
            location = value.name
        elif isinstance(item, exp.Property):
            name = item.name.lower()
            options[names.get(name, name)] = item.args['value'].name
    return location, options


def _drop(statement: Ddl, execution: Execution) -> Answer:
    if statement.words[1:2] in (('SCHEMA',), ('DATABASE',)):
        return _drop_database(statement)
    tree = parse(statement.sql)
    if not isinstance(tree, exp.Drop) or (tree.args.get('kind') or '').upper() != 'TABLE':
        raise unsupported(f'the statement {" ".join(statement.words[:2])}')
    database, table = _names(tree, execution)
    caller.check_glue('DeleteTable', database, table)
    if catalogue.find(database, table) is None:
        if tree.args.get('exists'):
            return Answer()
        raise QueryError('TABLE_NOT_FOUND', f'Table not found {database}.{table}')
    catalogue.change('DeleteTable', {'DatabaseName': database, 'Name': table})
    return Answer()


_HANDLERS: tuple[tuple[tuple[str, ...], Callable[[Ddl, Execution], Answer]], ...] = (
    (('CREATE',), _create),
    (('DROP',), _drop),
    (('ALTER', 'TABLE'), alter),
    (('MSCK',), repair),
    (('SHOW', 'TABLES'), show_tables),
    (('SHOW', 'DATABASES'), show_databases),
    (('SHOW', 'SCHEMAS'), show_databases),
    (('SHOW', 'PARTITIONS'), show_partitions),
    (('SHOW', 'COLUMNS'), show_columns),
    (('DESCRIBE',), describe),
    (('DESC',), describe),
)
