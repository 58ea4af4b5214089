"""What the operations share: the service, the ARN IAM judges, lists, and how a job's process is started."""

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..service import AwsError, Job, Record, Service, Store, arn, get_region, job_of, now, role_env, start_job, work_dir
from . import child

Request = dict[str, Any]

# The member of a request that names the resource an operation acts on, and the ARN's word for its kind. The first
# that stands in the operation's name counts.
_KINDS = (
    ('AutoMLJob', 'AutoMLJobName', 'automl-job'),
    ('TransformJob', 'TransformJobName', 'transform-job'),
    ('TrainingJob', 'TrainingJobName', 'training-job'),
    ('EndpointConfig', 'EndpointConfigName', 'endpoint-config'),
    ('Endpoint', 'EndpointName', 'endpoint'),
    ('ModelPackageGroup', 'ModelPackageGroupName', 'model-package-group'),
    ('ModelPackage', 'ModelPackageName', 'model-package'),
    ('Model', 'ModelName', 'model'),
)

_PATHS = {word: path for word, _, path in _KINDS}


def resource_of(operation: str, request: Request) -> str:
    """The ARN an operation is judged on: the resource it names, `*` for lists of everything."""
    if operation.startswith('List'):
        return '*'
    if 'ModelPackageArn' in request:
        return str(request['ModelPackageArn'])
    if operation == 'CreateModelPackage' and request.get('ModelPackageGroupName'):
        # The version is not known before: AWS judges the package under its group.
        return arn('sagemaker', f'model-package/{last_part(request["ModelPackageGroupName"])}/*')
    for word, member, kind in _KINDS:
        if word in operation and member in request:
            name = str(request[member])
            return name if name.startswith('arn:') else arn('sagemaker', f'{kind}/{name}')
    return '*'


service = Service('sagemaker', 'sagemaker', resource=resource_of)


def last_part(name_or_arn: str) -> str:
    """The name, given a name or an ARN."""
    return name_or_arn.rsplit('/', 1)[-1]


def listed(
    records: Iterable[Record],
    request: Request,
    *,
    name: str,
    status: str = '',
    order: str = 'Descending',
) -> tuple[list[Record], str | None]:
    """One page of records under a List operation's filters, and the token of the next page.

    name and status are the fields that NameContains, SortBy and StatusEquals mean.
    """
    token = request.get('NextToken')
    if token is not None and not re.fullmatch(r'\d+', token):
        raise AwsError('ValidationException', 'Invalid NextToken.')
    found = [
        record
        for record in records
        if request.get('NameContains', '').lower() in record[name].lower()
        and request.get('StatusEquals') in (None, record.get(status))
        and request.get('CreationTimeAfter', 0) <= record['CreationTime'] <= request.get('CreationTimeBefore', 1e12)
        and request.get('LastModifiedTimeAfter', 0)
        <= record.get('LastModifiedTime', record['CreationTime'])
        <= request.get('LastModifiedTimeBefore', 1e12)
    ]
    field: str = {'Name': name, 'Status': status, 'LastModifiedTime': 'LastModifiedTime'}.get(
        request.get('SortBy', 'CreationTime'), 'CreationTime'
    )
    found.sort(
        key=lambda r: r[field] if field in r else r['CreationTime'],
        reverse=request.get('SortOrder', order) == 'Descending',
    )
    start = int(token or 0)
    size = request.get('MaxResults', 10)
    return found[start : start + size], str(start + size) if start + size < len(found) else None


def page(field: str, found: tuple[list[Record], str | None]) -> dict[str, Any]:
    """The answer of a List operation."""
    return {field: found[0]} | ({'NextToken': found[1]} if found[1] else {})


def begin(
    kind: str,
    jobs: Store,
    request: Request,
    work: Callable[[Job, Record], None],
    *,
    taken: str,
    same: Callable[[str], str] = str,
    **more: Any,
) -> Record:
    """Enter a job under its name and let it work; its record, which is the request and `more`.

    `kind` is what the names of its fields begin with (`TransformJob`), `same` makes equal names equal. AwsError
    ResourceInUse when the name is taken, with the words `taken` around its {name} and {arn}.
    """
    name = request[f'{kind}Name']
    identity = arn('sagemaker', f'{_PATHS[kind]}/{name}')
    with jobs.lock:
        if same(name) in {same(other) for other in jobs}:
            raise AwsError('ResourceInUse', taken.format(name=name, arn=identity))
        created = now()
        record: Record = {
            **request,
            f'{kind}Arn': identity,
            'CreationTime': created,
            'LastModifiedTime': created,
            **more,
        }
        jobs[name] = record
    start_job(
        record,
        lambda job: work(job, record),
        field=f'{kind}Status',
        running='InProgress',
        done='Completed',
        failed='Failed',
        stopped='Stopped',
        reason_field='FailureReason',
    )
    return record


def child_env(role: str, name: str, threads: str = '') -> dict[str, str]:
    """What a process of ours adds to the base environment: it runs as a role. threads: how many it may compute with."""
    return {
        **role_env(role, name),
        'PYTHONPATH': str(Path(__file__).resolve().parents[2]),
        'PRESAGE_JOB_ROLE': role,
        # Waiting threads that spin would cost a busy machine many times the work itself.
        'OMP_WAIT_POLICY': 'passive',
        'OMP_NUM_THREADS': threads or os.environ.get('OMP_NUM_THREADS', str(os.cpu_count() or 1)),
        'OPENBLAS_NUM_THREADS': '1',
    }


def run_child(job: Job, module: str, role: str, folder: Path, spec: dict[str, Any]) -> None:
    """Run a job's process as its role to its end. RuntimeError with the failure reason."""
    child.write(folder / child.SPEC, json.dumps(spec))
    env = child_env(role, module.removesuffix('_process'))
    # The folder is the working directory; as an argument it tells whoever looks at the processes whose this is.
    command = [sys.executable, '-m', f'{__package__}.{module}', str(folder)]
    code = job.run(command, env=env, cwd=folder, log=folder / child.LOG)
    if job.stopped or code == 0:
        return
    reason = folder / child.FAILURE
    if reason.exists():
        raise RuntimeError(reason.read_text())
    ended = f'by signal {-code}' if code < 0 else f'with exit code {code}'
    raise RuntimeError(f'InternalServerError: the process of the job ended {ended}; its log is {folder / child.LOG}')


def stop(record: Record, what: str, status: str, refresh: Callable[[], None] | None = None) -> None:
    """A Stop operation: `Stopping` at once, `Stopped` when the process has ended. Refused for a job that has ended."""
    job = job_of(record)
    if job is None or record[status] not in ('InProgress', 'Stopping'):
        raise AwsError(
            'ValidationException',
            f'The request was rejected because the {what} is in status {record[status]}.',
        )
    record[status] = 'Stopping'
    if refresh:
        refresh()
    threading.Thread(target=job.stop, daemon=True).start()


__all__ = [
    'AwsError',
    'Job',
    'Record',
    'Request',
    'arn',
    'begin',
    'child_env',
    'get_region',
    'last_part',
    'listed',
    'page',
    'run_child',
    'service',
    'stop',
    'work_dir',
]
