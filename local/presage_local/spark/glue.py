"""AWS Glue job runs over the jobs MiniStack keeps: the script really runs, as the job's role."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import ministack.services.glue as ministack_glue

from .. import iam
from ..service import (
    AwsError,
    Job,
    Service,
    Store,
    arn,
    client_as,
    get_account_id,
    job_of,
    now,
    role_env,
    start_job,
    work_dir,
)

# Glue version → the Spark it runs. The local cloud has one Spark, so it takes one version.
VERSIONS = {'5.1': '3.5.6'}
# Arguments Glue keeps for itself: they are not an error and not handed to plain PySpark's business.
_OWN_ARGUMENTS = ('--extra-py-files', '--conf', '--extra-jars', '--additional-python-modules')
_ACTIVE = ('STARTING', 'RUNNING', 'STOPPING', 'WAITING')


def _resource(operation: str, request: dict[str, Any]) -> str:
    """The most specific thing a request is about. (AWS asks for its database and the catalogue too.)"""
    name = request.get('JobName') or (request.get('Name') if operation.endswith('Job') else None)
    if name:
        return arn('glue', f'job/{name}')
    database = request.get('DatabaseName')
    if not database:
        named = request.get('Name') or (request.get('DatabaseInput') or {}).get('Name')
        return arn('glue', f'database/{named}') if 'Database' in operation and named else arn('glue', 'catalog')
    table = request.get('TableName') or (request.get('TableInput') or {}).get('Name') or request.get('Name')
    return arn('glue', f'table/{database}/{table}' if table else f'database/{database}')


service = Service(
    'glue',
    'glue',
    resource=_resource,
    fall_through=(
        'CreateDatabase',
        'DeleteDatabase',
        'GetDatabase',
        'GetDatabases',
        'UpdateDatabase',
        'CreateTable',
        'DeleteTable',
        'GetTable',
        'GetTables',
        'UpdateTable',
        'BatchDeleteTable',
        'GetPartition',
        'BatchGetPartition',
        'CreateJob',
        'DeleteJob',
        'GetJob',
        'GetJobs',
        'UpdateJob',
        'CreateSecurityConfiguration',
        'DeleteSecurityConfiguration',
        'GetSecurityConfiguration',
        'GetSecurityConfigurations',
        'TagResource',
        'UntagResource',
        'GetTags',
    ),
)
_runs = Store('glue', 'runs')
_starting = threading.Lock()


@service.operation('StartJobRun')
def start_job_run(request: dict[str, Any]) -> dict[str, Any]:
    """Start a run of a job; its arguments go over the job's own."""
    name = request['JobName']
    definition: dict[str, Any] | None = ministack_glue._jobs.get(name)
    if definition is None:
        raise AwsError('EntityNotFoundException', f'Failed to start job run due to missing metadata: {name}')
    command = definition.get('Command') or {}
    version = str(request.get('GlueVersion') or definition.get('GlueVersion') or '')
    if version not in VERSIONS:
        raise AwsError(
            'InvalidInputException', f'Glue version {version or "(none)"} is not one of {", ".join(VERSIONS)}'
        )
    if command.get('Name') != 'glueetl':
        raise AwsError('InvalidInputException', f'Job command {command.get("Name")} cannot be run by the local cloud')
    if not str(command.get('ScriptLocation', '')).startswith('s3://'):
        raise AwsError('InvalidInputException', f'Invalid script location: {command.get("ScriptLocation")}')
    role = _role(definition.get('Role') or '')
    arguments = {
        **(definition.get('DefaultArguments') or {}),
        **(request.get('Arguments') or {}),
        **(definition.get('NonOverridableArguments') or {}),
    }
    most = int((definition.get('ExecutionProperty') or {}).get('MaxConcurrentRuns') or 1)
    with _starting:
        active = [r for r in _runs.values() if r['JobName'] == name and r['JobRunState'] in _ACTIVE]
        if len(active) >= most:
            raise AwsError('ConcurrentRunsExceededException', f'Concurrent runs exceeded for {name}')
        identity = f'jr_{uuid.uuid4().hex}{uuid.uuid4().hex}'
        record = _runs[identity] = {
            'Id': identity,
            'Attempt': 0,
            'JobName': name,
            'JobMode': 'SCRIPT',
            'StartedOn': now(),
            'LastModifiedOn': now(),
            'Arguments': arguments,
            'Timeout': int(request.get('Timeout') or definition.get('Timeout') or 480),
            'WorkerType': request.get('WorkerType') or definition.get('WorkerType'),
            'NumberOfWorkers': request.get('NumberOfWorkers') or definition.get('NumberOfWorkers'),
            'GlueVersion': version,
            'ExecutionClass': request.get('ExecutionClass') or 'STANDARD',
            'LogGroupName': '/aws-glue/jobs',
            'PredecessorRuns': [],
            '_script': command['ScriptLocation'],
            '_role': role,
        }
        start_job(
            record,
            lambda job: _work(job, record),
            field='JobRunState',
            running='RUNNING',
            done='SUCCEEDED',
            failed='FAILED',
            reason_field='ErrorMessage',
        )
    return {'JobRunId': identity}


def _role(role: str) -> str:
    full = role if role.startswith('arn:') else f'arn:aws:iam::{get_account_id()}:role/{role}'
    if not iam.role_trusts(full, 'glue.amazonaws.com'):
        raise AwsError(
            'InvalidInputException', f'Role {role} should be given assume role permissions for Glue Service.'
        )
    return full


def _work(job: Job, record: dict[str, Any]) -> None:
    from .launch import run_script, time_limit

    folder = work_dir('glue', record['Id'])
    log = folder / 'job.log'
    role = role_env(record['_role'], f'glue-{record["Id"][:20]}')
    arguments = record['Arguments']
    given = ['--JOB_NAME', record['JobName'], '--JOB_RUN_ID', record['Id']]
    for name, value in arguments.items():
        if name not in _OWN_ARGUMENTS:
            given += [name, value] if value != '' else [name]

    def late() -> None:
        record['JobRunState'] = 'TIMEOUT'
        record['ErrorMessage'] = f'JobRun exceeded its timeout of {record["Timeout"]} minutes'

    try:
        with time_limit(job, record['Timeout'] * 60, late):
            run_script(
                job,
                script=record['_script'],
                arguments=given,
                role=role,
                folder=folder,
                log=log,
                py_files=_list(arguments.get('--extra-py-files')),
                conf=_conf(arguments.get('--conf')),
            )
    finally:
        ended = now()
        if record['JobRunState'] == 'STOPPING':
            record['JobRunState'] = 'STOPPED'
        record['CompletedOn'] = record['LastModifiedOn'] = ended
        record['ExecutionTime'] = round(ended - record['StartedOn'])
        _write_log(role, record, log.read_text(errors='replace') if log.exists() else '')


def _list(text: str | None) -> list[str]:
    return [part.strip() for part in (text or '').split(',') if part.strip()]


def _conf(text: str | None) -> dict[str, str]:
    """`a=b --conf c=d`, which is how Glue takes several settings in one argument."""
    pairs = [part.strip().partition('=') for part in (text or '').split('--conf')]
    return {name: value for name, found, value in pairs if found}


def _write_log(role: dict[str, str], record: dict[str, Any], text: str) -> None:
    """The run's log in CloudWatch Logs, if the role may write there: as on AWS a missing permission loses it."""
    from botocore.exceptions import BotoCoreError, ClientError

    logs: Any = client_as('logs', role)
    group = '/aws-glue/jobs/error'
    calls: list[Callable[[], Any]] = [
        lambda: logs.create_log_group(logGroupName=group),
        lambda: logs.create_log_stream(logGroupName=group, logStreamName=record['Id']),
        lambda: logs.put_log_events(
            logGroupName=group,
            logStreamName=record['Id'],
            logEvents=[
                {'timestamp': int(now() * 1000), 'message': line[:8000]} for line in text.splitlines()[-1000:] if line
            ],
        ),
    ]
    for call in calls if text.strip() else []:
        try:
            call()
        except ClientError as error:
            if error.response.get('Error', {}).get('Code') != 'ResourceAlreadyExistsException':
                return
        except BotoCoreError:
            return


def _run(name: str, identity: str) -> dict[str, Any]:
    if identity not in _runs or _runs[identity]['JobName'] != name:
        raise AwsError('EntityNotFoundException', f'Job Run {identity} not found for job {name}')
    return _runs[identity]


@service.operation('GetJobRun')
def get_job_run(request: dict[str, Any]) -> dict[str, Any]:
    """One run."""
    return {'JobRun': _run(request['JobName'], request['RunId'])}


@service.operation('GetJobRuns')
def get_job_runs(request: dict[str, Any]) -> dict[str, Any]:
    """Runs of a job, newest first."""
    if ministack_glue._jobs.get(request['JobName']) is None:
        raise AwsError('EntityNotFoundException', f'Job {request["JobName"]} not found')
    found = [record for record in _runs.values() if record['JobName'] == request['JobName']]
    found.sort(key=lambda record: -record['StartedOn'])
    start = int(request.get('NextToken') or 0)
    end = start + (request.get('MaxResults') or 200)
    return {'JobRuns': found[start:end], 'NextToken': str(end) if end < len(found) else None}


@service.operation('BatchStopJobRun')
def batch_stop_job_run(request: dict[str, Any]) -> dict[str, Any]:
    """Stop runs; those that are unknown or have ended are listed as errors."""
    name, stopped, errors = request['JobName'], [], []
    for identity in request['JobRunIds']:
        try:
            record = _run(name, identity)
            job = job_of(record)
            if record['JobRunState'] not in _ACTIVE or job is None:
                raise AwsError('InvalidInputException', f'Job Run {identity} is not in a stoppable state')
            record['JobRunState'] = 'STOPPING'
            threading.Thread(target=job.stop, daemon=True).start()  # the process gets a moment to end by itself
            stopped.append({'JobName': name, 'JobRunId': identity})
        except AwsError as error:
            detail = {'ErrorCode': error.code, 'ErrorMessage': str(error)}
            errors.append({'JobName': name, 'JobRunId': identity, 'ErrorDetail': detail})
    return {'SuccessfulSubmissions': stopped, 'Errors': errors}
