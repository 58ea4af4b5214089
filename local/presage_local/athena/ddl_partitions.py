"""ALTER TABLE … PARTITION and MSCK REPAIR TABLE."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import caller, catalogue, storage
from .ddl_common import Answer, table_named
from .errors import QueryError, unsupported
from .statements import Ddl
from .storage import Location

if TYPE_CHECKING:
    from .execution import Execution


def add_partition(database: str, table: str, values: list[str], location: str) -> None:
    entry = catalogue.find(database, table) or {}
    descriptor = {**entry.get('StorageDescriptor', {}), 'Location': location}
    catalogue.change(
        'CreatePartition',
        {
            'DatabaseName': database,
            'TableName': table,
            'PartitionInput': {'Values': values, 'StorageDescriptor': descriptor},
        },
    )


_PARTITION = re.compile(r"\s*PARTITION\s*\(([^)]*)\)(?:\s*LOCATION\s*'([^']*)')?", re.IGNORECASE)
_PAIR = re.compile(r"\s*[`\"]?(\w+)[`\"]?\s*=\s*(?:DATE\s*)?(?:'([^']*)'|([\w.-]+))\s*(?:,|$)", re.IGNORECASE)


def _values(text: str, keys: list[str]) -> list[str]:
    pairs = {m.group(1).lower(): m.group(2) if m.group(2) is not None else m.group(3) for m in _PAIR.finditer(text)}
    if list(sorted(pairs)) != sorted(keys):
        raise QueryError('SYNTAX_ERROR', f'Partition spec ({text}) does not match the partition keys {keys}')
    return [pairs[key] for key in keys]


def alter(statement: Ddl, execution: Execution) -> Answer:
    match = re.match(
        r'ALTER\s+TABLE\s+(\S+)\s+(ADD|DROP)\s+(IF\s+(?:NOT\s+)?EXISTS\s+)?(PARTITION\b.*)$',
        statement.sql,
        re.IGNORECASE | re.DOTALL,
    )
    if match is None:
        raise unsupported('ALTER other than ADD PARTITION and DROP PARTITION')
    name, verb, tolerant, rest = match.groups()
    database, table, entry = table_named(name, execution)
    keys = list(catalogue.partition_keys(entry))
    specs = [found.groups() for found in _PARTITION.finditer(rest)]
    if not specs or _PARTITION.sub('', rest).replace(',', '').strip():
        raise QueryError('SYNTAX_ERROR', f"mismatched input near '{rest[:40]}'")
    known = [list(part.get('Values') or []) for part in catalogue.partitions(database, table)]
    caller.check_glue('BatchCreatePartition' if verb.upper() == 'ADD' else 'DeletePartition', database, table)
    for text, location in specs:
        values = _values(text, keys)
        if verb.upper() == 'ADD':
            if values in known:
                if tolerant:
                    continue
                raise QueryError('ALREADY_EXISTS', f'Partition already exists: {text}')
            root = entry['StorageDescriptor'].get('Location', '').rstrip('/')
            below = '/'.join(f'{key}={value}' for key, value in zip(keys, values, strict=True))
            add_partition(database, table, values, str(Location.of(location or f'{root}/{below}').folder))
        elif values in known:
            catalogue.change(
                'DeletePartition', {'DatabaseName': database, 'TableName': table, 'PartitionValues': values}
            )
        elif not tolerant:
            raise QueryError('NOT_FOUND', f'Partition not found: {text}')
    return Answer()


def repair(statement: Ddl, execution: Execution) -> Answer:
    match = re.match(r'MSCK\s+REPAIR\s+TABLE\s+(\S+)$', statement.sql, re.IGNORECASE)
    if match is None:
        raise QueryError('SYNTAX_ERROR', 'line 1:1: MSCK REPAIR TABLE needs one table')
    database, table, entry = table_named(match.group(1), execution)
    keys = list(catalogue.partition_keys(entry))
    if not keys:
        raise QueryError('NOT_SUPPORTED', f'{database}.{table} is not partitioned')
    caller.check_glue('BatchCreatePartition', database, table)
    root = Location.of(entry['StorageDescriptor'].get('Location', '')).folder
    caller.check_list(root)
    known = [list(part.get('Values') or []) for part in catalogue.partitions(database, table)]
    lines = []
    for key, _ in storage.objects(root):
        parts = key[len(root.key) :].split('/')[:-1][: len(keys)]
        pairs = [part.partition('=') for part in parts]
        if [name.lower() for name, _, _ in pairs] != keys:
            continue
        values = [value for _, _, value in pairs]
        if values not in known:
            known.append(values)
            add_partition(database, table, values, str(Location(root.bucket, root.key + '/'.join(parts) + '/')))
            lines.append(f'Repair: Added partition to metastore {table}:{"/".join(parts)}')
    return Answer(lines, ('result',))
