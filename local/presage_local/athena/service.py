"""Athena's API over the engine: queries as records, each run in a thread."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from typing import Any

import ministack.services.athena as ministack_athena

from ..service import AwsError, Job, JobStopped, Service, Store, arn, job_of, now, start_job, work_dir
from .errors import QueryError
from .statements import statement_type


def _workgroup(operation: str, request: dict[str, Any]) -> str:
    """Athena's resource is the workgroup: the one named, or the one the query was started in."""
    query = _queries.get(request.get('QueryExecutionId', ''), {})
    return arn('athena', f'workgroup/{request.get("WorkGroup") or query.get("WorkGroup") or "primary"}')


service = Service(
    'athena',
    'athena',
    resource=_workgroup,
    fall_through=(
        'CreateWorkGroup',
        'DeleteWorkGroup',
        'GetWorkGroup',
        'ListWorkGroups',
        'UpdateWorkGroup',
        'ListDataCatalogs',
        'GetDataCatalog',
        'GetDatabase',
        'ListDatabases',
        'GetTableMetadata',
        'ListTableMetadata',
        'TagResource',
        'UntagResource',
        'ListTagsForResource',
    ),
)
_queries = Store('athena', 'queries')
_tokens = Store('athena', 'tokens')
_executions: dict[str, Any] = {}  # queries at work
_started = threading.Lock()
_log = logging.getLogger('presage.athena')
_ENDED = ('SUCCEEDED', 'FAILED', 'CANCELLED')
_ENGINE = {'SelectedEngineVersion': 'AUTO', 'EffectiveEngineVersion': 'Athena engine version 3'}


def _configuration(name: str) -> dict[str, Any]:
    ministack_athena._ensure_default_workgroup()
    group: dict[str, Any] | None = ministack_athena._workgroups.get(name)
    if group is None:
        raise AwsError('InvalidRequestException', f'WorkGroup {name} is not found.')
    if group.get('State') == 'DISABLED':
        raise AwsError('InvalidRequestException', f'WorkGroup {name} is disabled.')
    return group.get('Configuration') or {}


def _result_configuration(request: dict[str, Any], configuration: dict[str, Any]) -> dict[str, Any]:
    """Where the result goes and how it is encrypted: the workgroup's word counts if it enforces it (the default)."""
    given = request.get('ResultConfiguration') or {}
    own = configuration.get('ResultConfiguration') or {}
    enforced = str(configuration.get('EnforceWorkGroupConfiguration', False)).lower() == 'true'
    chosen = {**given, **own} if enforced else {**own, **given}
    if not chosen.get('OutputLocation'):
        raise AwsError(
            'InvalidRequestException',
            'No output location provided. An output location is required either through the Workgroup result '
            'configuration setting or as an API input.',
        )
    if not chosen['OutputLocation'].startswith('s3://'):
        raise AwsError('InvalidRequestException', 'outputLocation is not a valid S3 path.')
    return chosen


def _folder(location: str) -> str:
    return f'{location.rstrip("/")}/'


@service.operation('StartQueryExecution')
def start_query_execution(request: dict[str, Any]) -> dict[str, Any]:
    """Start a query; the same token gives the same query."""
    token = request.get('ClientRequestToken')
    content = json.dumps({k: v for k, v in request.items() if k != 'ClientRequestToken'}, sort_keys=True)
    with _started:
        if token and token in _tokens:
            known = _tokens[token]
            if known['Content'] != content:
                raise AwsError('InvalidRequestException', 'Idempotent parameters do not match')
            return {'QueryExecutionId': known['QueryExecutionId']}
        record = _new_record(request)
        identity = record['QueryExecutionId']
        if token:
            _tokens[token] = {'Content': content, 'QueryExecutionId': identity}
        _queries[identity] = record
    start_job(
        record['Status'],
        lambda job: _work(job, record),
        field='State',
        running='RUNNING',
        done='SUCCEEDED',
        failed='FAILED',
        reason_field='StateChangeReason',
    )
    return {'QueryExecutionId': identity}


def _new_record(request: dict[str, Any]) -> dict[str, Any]:
    name = request.get('WorkGroup') or 'primary'
    configuration = _configuration(name)
    results = _result_configuration(request, configuration)
    identity = str(uuid.uuid4())
    kind, sub = statement_type(request['QueryString'])
    suffix = '.csv' if kind == 'DML' or sub == 'CREATE_TABLE_AS_SELECT' else '.txt'
    folder = _folder(results['OutputLocation'])
    location = f'{folder}tables/{identity}' if sub == 'CREATE_TABLE_AS_SELECT' else f'{folder}{identity}{suffix}'
    context = request.get('QueryExecutionContext') or {}
    if (context.get('Catalog') or 'AwsDataCatalog').lower() != 'awsdatacatalog':
        raise AwsError('InvalidRequestException', f'Catalog {context["Catalog"]} is not found.')
    return {
        'QueryExecutionId': identity,
        'Query': request['QueryString'],
        'StatementType': kind,
        'SubstatementType': sub,
        'WorkGroup': name,
        'ResultConfiguration': {**results, 'OutputLocation': location},
        'QueryExecutionContext': {'Database': context.get('Database') or 'default', 'Catalog': 'awsdatacatalog'},
        'ExecutionParameters': request.get('ExecutionParameters'),
        'EngineVersion': _ENGINE,
        'Status': {'State': 'QUEUED', 'SubmissionDateTime': now()},
        'Statistics': {},
        '_folder': folder,
        '_enforced': str(configuration.get('EnforceWorkGroupConfiguration', False)).lower() == 'true',
        '_cutoff': int(configuration.get('BytesScannedCutoffPerQuery') or 0),
        '_columns': [],
        '_kind': 'none',
    }


def _work(job: Job, record: dict[str, Any]) -> None:
    from .execution import CutOff, Execution

    status, identity = record['Status'], record['QueryExecutionId']
    began = time.monotonic()
    execution = Execution(
        identity,
        record['QueryExecutionContext']['Database'],
        record['_folder'],
        work_dir('athena', identity),
        encryption=record['ResultConfiguration'].get('EncryptionConfiguration'),
        cutoff=record['_cutoff'],
        parameters=record['ExecutionParameters'] or (),
        enforced=record['_enforced'],
    )
    _executions[identity] = execution
    try:
        job.check()
        outcome = execution.run(record['Query'])
        record['_columns'], record['_kind'] = outcome.columns, outcome.kind
        record['Statistics']['DataScannedInBytes'] = outcome.scanned
        if outcome.manifest:
            record['Statistics']['DataManifestLocation'] = outcome.manifest
    except CutOff as error:
        status['StateChangeReason'] = str(error)
        status['State'] = 'CANCELLED'
    except JobStopped:
        raise
    except Exception as caught:
        failure = caught if isinstance(caught, QueryError) else _internal(caught)
        user = failure.name not in ('GENERIC_INTERNAL_ERROR', 'EXCEEDED_LOCAL_MEMORY_LIMIT')
        status['AthenaError'] = {
            'ErrorCategory': 2 if user else 1,
            'ErrorType': 1301 if user else 100,
            'Retryable': False,
            'ErrorMessage': str(failure),
        }
        raise failure from None
    finally:
        _executions.pop(identity, None)
        millis = int((time.monotonic() - began) * 1000)
        record['Statistics'].setdefault('DataScannedInBytes', 0)
        record['Statistics'] |= {
            'EngineExecutionTimeInMillis': millis,
            'TotalExecutionTimeInMillis': millis,
            'QueryQueueTimeInMillis': 0,
            'ServiceProcessingTimeInMillis': 0,
        }
        status['CompletionDateTime'] = now()


def _internal(error: Exception) -> QueryError:
    """A fault of this engine itself: the query fails with a name that says so."""
    _log.exception('a query failed inside the engine', exc_info=error)
    return QueryError('GENERIC_INTERNAL_ERROR', f'{type(error).__name__}: {error}')


def _query(identity: str) -> dict[str, Any]:
    if identity not in _queries:
        raise AwsError('InvalidRequestException', f'QueryExecution {identity} was not found')
    return _queries[identity]


@service.operation('GetQueryExecution')
def get_query_execution(request: dict[str, Any]) -> dict[str, Any]:
    """A query's state and statistics."""
    return {'QueryExecution': _query(request['QueryExecutionId'])}


@service.operation('BatchGetQueryExecution')
def batch_get_query_execution(request: dict[str, Any]) -> dict[str, Any]:
    """The same for several; unknown ones are listed."""
    known = [_queries[i] for i in request['QueryExecutionIds'] if i in _queries]
    unknown = [
        {'QueryExecutionId': i, 'ErrorCode': 'INTERNAL_FAILURE', 'ErrorMessage': f'QueryExecution {i} was not found'}
        for i in request['QueryExecutionIds']
        if i not in _queries
    ]
    return {'QueryExecutions': known, 'UnprocessedQueryExecutionIds': unknown}


@service.operation('ListQueryExecutions')
def list_query_executions(request: dict[str, Any]) -> dict[str, Any]:
    """Queries of a workgroup, newest first."""
    group = request.get('WorkGroup') or 'primary'
    found = [record for record in _queries.values() if record['WorkGroup'] == group]
    found.sort(key=lambda record: -record['Status']['SubmissionDateTime'])
    start = int(request.get('NextToken') or 0)
    end = start + (request.get('MaxResults') or 50)
    token = str(end) if end < len(found) else None
    return {'QueryExecutionIds': [r['QueryExecutionId'] for r in found[start:end]], 'NextToken': token}


@service.operation('GetQueryResults')
def get_query_results(request: dict[str, Any]) -> dict[str, Any]:
    """A page of a finished query's rows; the first page begins with the header."""
    from . import results

    record = _query(request['QueryExecutionId'])
    status = record['Status']
    if status['State'] == 'FAILED':
        raise AwsError(
            'InvalidRequestException',
            f'Query did not finish successfully. Final query state: FAILED. {status.get("StateChangeReason", "")}',
        )
    if status['State'] == 'CANCELLED':
        raise AwsError('InvalidRequestException', 'Query did not finish successfully. Final query state: CANCELLED')
    if status['State'] != 'SUCCEEDED':
        raise AwsError('InvalidRequestException', f'Query has not yet finished. Current state: {status["State"]}')
    metadata = {'ColumnInfo': record['_columns']}
    if record['_kind'] == 'none':
        return {'UpdateCount': 0, 'ResultSet': {'Rows': [], 'ResultSetMetadata': metadata}}
    rows, token = results.page(
        record['ResultConfiguration']['OutputLocation'],
        record['_kind'],
        record['QueryExecutionId'],
        request.get('NextToken'),
        request.get('MaxResults'),
    )
    return {'UpdateCount': 0, 'ResultSet': {'Rows': rows, 'ResultSetMetadata': metadata}, 'NextToken': token}


@service.operation('StopQueryExecution')
def stop_query_execution(request: dict[str, Any]) -> None:
    """Cancel a query that is at work; nothing for one that has ended."""
    record = _query(request['QueryExecutionId'])
    status = record['Status']
    if status['State'] in _ENDED:
        return
    status['State'] = 'CANCELLED'
    status['StateChangeReason'] = 'Query cancelled by user'
    job = job_of(status)
    if job is not None:
        job.stop()
    execution = _executions.get(request['QueryExecutionId'])
    if execution is not None:
        execution.interrupt()
