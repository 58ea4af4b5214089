"""CreateEndpoint, DescribeEndpoint, UpdateEndpoint, ListEndpoints, DeleteEndpoint.

An endpoint's record keeps, under `_serving`, what it answers with: variant, container, role and limits, as they stood
when it became InService. Deleting the configuration or the model changes nothing for it, and after a restart of the
server the first call starts its process again.

Status: Creating → InService or Failed; Updating → InService, with the new configuration, or with the former one and a
FailureReason if the new model did not start. DeleteEndpoint is the only operation on a failed endpoint.
"""

import json
import threading
import time
import uuid
from typing import Any

from .. import iam
from ..jobs import base_env
from ..service import Job, Store, get_account_id, now, start_job, state_dir
from .endpoint_configs_api import find_config
from .frame import AwsError, Record, Request, arn, child_env, get_region, listed, page, service
from .models_api import containers_of, find_model
from .warm import Launch, WarmModel, idle_seconds

_SERVING = '_serving'
_NEXT = '_next'
_BUSY = ('Creating', 'Updating')
_NOT_OFFERED = (
    'DeploymentConfig',
    'RetainDeploymentConfig',
    'RetainAllVariantProperties',
    'ExcludeRetainedVariantProperties',
)
endpoints = Store('sagemaker', 'endpoints')
_warm: dict[tuple[str, str, str], WarmModel] = {}
_lock = threading.Lock()


def find_endpoint(name: str) -> Record:
    """An endpoint's record; ValidationException in AWS's words if there is none."""
    if name not in endpoints:
        raise AwsError('ValidationException', f'Could not find endpoint "{arn("sagemaker", f"endpoint/{name}")}".')
    return endpoints[name]


def _key(name: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), name


def answering(record: Record) -> tuple[str, WarmModel] | None:
    """The variant an endpoint answers with and its container, which may have to start yet; None if it has none."""
    name = record['EndpointName']
    with _lock:
        serving = record.get(_SERVING)
        if serving is None:
            return None
        if _key(name) not in _warm:
            _warm[_key(name)] = _model(name, serving)
        return serving['VariantName'], _warm[_key(name)]


def _model(name: str, serving: dict[str, Any]) -> WarmModel:
    def launch() -> Launch:
        spec = {'variant': serving['VariantName'], 'container': serving['Container']}
        below = state_dir() / 'work' / 'endpoint'
        env = {**base_env(), **child_env(serving['Role'], 'endpoint', threads='1')}
        return Launch(json.dumps(spec), below / f'{name}-{uuid.uuid4().hex[:8]}', env, below / f'{name}.log')

    return WarmModel(launch, serving['ServerlessConfig']['MaxConcurrency'])


def _replace(record: Record, serving: dict[str, Any] | None, new: WarmModel | None) -> None:
    """Let another container answer, or none; the former one ends when its calls are answered."""
    key = _key(record['EndpointName'])
    with _lock:
        former = _warm.pop(key, None)
        if serving is None or new is None:
            record.pop(_SERVING, None)
        else:
            record.update({_SERVING: serving, 'EndpointConfigName': serving['EndpointConfigName']})
            _warm[key] = new
    if former is not None:
        threading.Thread(target=former.end, daemon=True, name='former endpoint').start()


def watch_idle() -> None:
    """End processes nobody has called for a while, for as long as the server runs."""
    threading.Thread(target=_end_idle, daemon=True, name='idle endpoints').start()


def _end_idle() -> None:
    while True:
        seconds = idle_seconds()
        time.sleep(min(max(seconds / 4, 0.1), 30))
        with _lock:
            models = list(_warm.values())
        for model in models:
            model.end_if_idle(seconds)


def _check(request: Request, action: str) -> dict[str, Any]:
    """What an endpoint of this configuration answers with. AWS judges both the endpoint and the configuration."""
    name = request['EndpointConfigName']
    resource = arn('sagemaker', f'endpoint-config/{name}')
    if not iam.caller_may(f'sagemaker:{action}', resource):
        raise AwsError(
            'AccessDeniedException',
            f'The caller is not authorized to perform: sagemaker:{action} on resource: {resource} because no '
            f'identity-based policy allows the sagemaker:{action} action',
        )
    unknown = [member for member in _NOT_OFFERED if request.get(member)]
    if unknown:
        raise AwsError('ValidationException', f'{unknown[0]} is not offered by the local cloud.')
    variant = find_config(name)['ProductionVariants'][0]
    model = find_model(variant['ModelName'])
    return {
        'EndpointConfigName': name,
        'VariantName': variant['VariantName'],
        'ServerlessConfig': variant['ServerlessConfig'],
        'Container': containers_of(model)[0],
        'Role': model['ExecutionRoleArn'],
        'Time': now(),
    }


def _deploy(record: Record, serving: dict[str, Any], *, running: str, failed: str) -> None:
    """Start the container of `serving`; the endpoint answers with it from then on, or as before."""
    name = record['EndpointName']
    record[_NEXT] = serving
    record['LastModifiedTime'] = now()
    record.pop('FailureReason', None)

    def work(_job: Job) -> None:
        new = _model(name, serving)
        try:
            new.start()
        finally:
            record.pop(_NEXT, None)
        _replace(record, serving, new)

    start_job(
        record,
        work,
        field='EndpointStatus',
        running=running,
        done='InService',
        failed=failed,
        reason_field='FailureReason',
    )


@service.operation('CreateEndpoint')
def create(request: Request) -> dict[str, Any]:
    """Start the configuration's model; `InService` once it answers."""
    serving = _check(request, 'CreateEndpoint')
    name = request['EndpointName']
    identity = arn('sagemaker', f'endpoint/{name}')
    with endpoints.lock:
        if name in endpoints:
            raise AwsError('ValidationException', f'Cannot create already existing endpoint "{identity}".')
        record = endpoints[name] = {**request, 'EndpointArn': identity, 'CreationTime': now()}
        _deploy(record, serving, running='Creating', failed='Failed')
    return record


def _check_idle(record: Record) -> None:
    # These words are AWS's for DeleteEndpoint, too.
    if record['EndpointStatus'] in _BUSY:
        raise AwsError('ValidationException', f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')


@service.operation('UpdateEndpoint')
def update(request: Request) -> dict[str, Any]:
    """Start the new configuration's model beside the former, which answers until the new one can."""
    record = find_endpoint(request['EndpointName'])
    with endpoints.lock:
        _check_idle(record)
        if record['EndpointStatus'] == 'Failed':
            raise AwsError(
                'ValidationException', f'Cannot update endpoint "{record["EndpointArn"]}" in status Failed: delete it.'
            )
        serving = _check(request, 'UpdateEndpoint')
        find_config(record['EndpointConfigName'])  # AWS cannot update an endpoint whose configuration was deleted
        _deploy(record, serving, running='Updating', failed='InService')
    return record


def _summary(serving: dict[str, Any], *, current: bool) -> dict[str, Any]:
    image = serving['Container']['Image']
    summary = {
        'VariantName': serving['VariantName'],
        'DeployedImages': [{'SpecifiedImage': image, 'ResolvedImage': image, 'ResolutionTime': serving['Time']}],
        'DesiredWeight': 1.0,
        'DesiredServerlessConfig': serving['ServerlessConfig'],
    }
    running = {'CurrentWeight': 1.0, 'CurrentInstanceCount': 0, 'CurrentServerlessConfig': serving['ServerlessConfig']}
    return summary | running if current else summary


@service.operation('DescribeEndpoint')
def describe(request: Request) -> dict[str, Any]:
    """The endpoint as it stands now; what it is changing to is its PendingDeploymentSummary."""
    record = find_endpoint(request['EndpointName'])
    answer = dict(record)
    serving, coming = record.get(_SERVING), record.get(_NEXT)
    if serving:
        answer['ProductionVariants'] = [_summary(serving, current=True)]
    if coming and record['EndpointStatus'] in _BUSY:
        answer['PendingDeploymentSummary'] = {
            'EndpointConfigName': coming['EndpointConfigName'],
            'ProductionVariants': [_summary(coming, current=False)],
            'StartTime': coming['Time'],
        }
    return answer


@service.operation('ListEndpoints')
def list_endpoints(request: Request) -> dict[str, Any]:
    """AWS's default order is the newest first."""
    return page('Endpoints', listed(endpoints.values(), request, name='EndpointName', status='EndpointStatus'))


@service.operation('DeleteEndpoint')
def delete(request: Request) -> None:
    """End the container and forget the endpoint; configuration and model stay. Refused while it is being changed."""
    name = request['EndpointName']
    record = find_endpoint(name)
    with endpoints.lock:
        _check_idle(record)
        del endpoints[name]
    _replace(record, None, None)
