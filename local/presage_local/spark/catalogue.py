"""Glue catalogue operations MiniStack lacks or answers too kindly: partitions of tables that are not there, filters."""

from __future__ import annotations

from typing import Any

import ministack.services.glue as ministack_glue

from ..service import AwsError, Service, get_account_id, now

Request = dict[str, Any]


def _key(request: Request) -> str:
    database, table = request['DatabaseName'], request['TableName']
    key = f'{database}/{table}'
    if database not in ministack_glue._databases:
        raise AwsError('EntityNotFoundException', f'Database {database} not found.')
    if key not in ministack_glue._tables:
        raise AwsError('EntityNotFoundException', f'Table {table} not found.')
    return key


def _partitions(key: str) -> list[dict[str, Any]]:
    if key not in ministack_glue._partitions:
        ministack_glue._partitions[key] = []
    found: list[dict[str, Any]] = ministack_glue._partitions[key]
    return found


def _keys(key: str) -> list[str]:
    return [column['Name'] for column in ministack_glue._tables[key].get('PartitionKeys') or []]


def _record(request: Request, given: Request) -> dict[str, Any]:
    return {
        **given,
        'DatabaseName': request['DatabaseName'],
        'TableName': request['TableName'],
        'CreationTime': now(),
        'CatalogId': get_account_id(),
    }


def _checked(key: str, given: Request) -> list[str]:
    values = list(given.get('Values') or [])
    if len(values) != len(_keys(key)):
        raise AwsError(
            'InvalidInputException', 'The number of partition keys do not match the number of partition values'
        )
    return values


def _find(key: str, values: list[str]) -> dict[str, Any] | None:
    return next((part for part in _partitions(key) if part.get('Values') == values), None)


def _create(request: Request, given: Request) -> None:
    key = _key(request)
    values = _checked(key, given)
    if _find(key, values) is not None:
        raise AwsError('AlreadyExistsException', 'Partition already exists.')
    _partitions(key).append(_record(request, given))


def _update(request: Request, old: list[str], given: Request) -> None:
    key = _key(request)
    found = _find(key, old)
    if found is None:
        raise AwsError('EntityNotFoundException', f'Partition with values {old} not found.')
    values = _checked(key, given)
    if values != old and _find(key, values) is not None:
        raise AwsError('AlreadyExistsException', 'Partition already exists.')
    record = {**_record(request, given), 'CreationTime': found.get('CreationTime', now())}
    found.clear()
    found.update(record)


def _delete(request: Request, values: list[str]) -> None:
    key = _key(request)
    found = _find(key, values)
    if found is None:
        raise AwsError('EntityNotFoundException', f'Partition with values {values} not found.')
    _partitions(key).remove(found)


def _matching(key: str, expression: str) -> list[dict[str, Any]]:
    """Partitions a GetPartitions filter keeps. Glue's filters are comparisons that DuckDB reads the same way."""
    from ..athena.engine import connect
    from ..athena.errors import QueryError
    from ..athena.tables import Partition, TableData, needed_partitions

    parts = _partitions(key)
    kinds = {c['Name']: c.get('Type', 'string') for c in ministack_glue._tables[key].get('PartitionKeys') or []}
    table = TableData({}, [Partition(tuple(part.get('Values') or []), []) for part in parts], kinds)
    try:
        with connect() as connection:
            kept = {part.values for part in needed_partitions(connection, table, f'({expression})', strict=True)}
    except QueryError as error:
        raise AwsError('InvalidInputException', f'Unsupported expression {expression!r}: {error}') from None
    return [part for part in parts if tuple(part.get('Values') or []) in kept]


def _error(values: list[str], error: AwsError, name: str) -> dict[str, Any]:
    return {name: values, 'ErrorDetail': {'ErrorCode': error.code, 'ErrorMessage': str(error)}}


def register(service: Service) -> None:
    """Add the operations to the Glue service."""

    @service.operation('CreatePartition')
    def create_partition(request: Request) -> None:
        _create(request, request['PartitionInput'])

    @service.operation('UpdatePartition')
    def update_partition(request: Request) -> None:
        _update(request, request['PartitionValueList'], request['PartitionInput'])

    @service.operation('DeletePartition')
    def delete_partition(request: Request) -> None:
        _delete(request, request['PartitionValues'])

    @service.operation('BatchCreatePartition')
    def batch_create_partition(request: Request) -> Request:
        _key(request)
        errors = []
        for given in request['PartitionInputList']:
            try:
                _create(request, given)
            except AwsError as error:
                errors.append(_error(given.get('Values') or [], error, 'PartitionValues'))
        return {'Errors': errors}

    @service.operation('BatchUpdatePartition')
    def batch_update_partition(request: Request) -> Request:
        _key(request)
        errors = []
        for entry in request['Entries']:
            try:
                _update(request, entry['PartitionValueList'], entry['PartitionInput'])
            except AwsError as error:
                errors.append(_error(entry['PartitionValueList'], error, 'PartitionValueList'))
        return {'Errors': errors}

    @service.operation('BatchDeletePartition')
    def batch_delete_partition(request: Request) -> Request:
        _key(request)
        errors = []
        for entry in request['PartitionsToDelete']:
            try:
                _delete(request, entry['Values'])
            except AwsError as error:
                errors.append(_error(entry['Values'], error, 'PartitionValues'))
        return {'Errors': errors}

    @service.operation('GetPartitions')
    def get_partitions(request: Request) -> Request:
        key = _key(request)
        expression = (request.get('Expression') or '').strip()
        found = _matching(key, expression) if expression else list(_partitions(key))
        start = int(request.get('NextToken') or 0)
        end = start + (request.get('MaxResults') or 1000)
        return {'Partitions': found[start:end], 'NextToken': str(end) if end < len(found) else None}
