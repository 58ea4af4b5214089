"""CreateEndpoint, DescribeEndpoint, UpdateEndpoint, ListEndpoints, DeleteEndpoint.

An endpoint's record keeps, under `_serving`, what it answers with: variant, container, role and limits, as they stood
when it became InService. Deleting the configuration or the model changes nothing for it, and after a restart of the
server the first call starts its process again.

Status: Creating → InService or Failed; Updating → InService, with the new configuration, or with the former one and a
FailureReason if the new model did not start. DeleteEndpoint is the only operation on a failed endpoint.
"""

from typing import Any

from .. import iam
from ..service import Job, Store, now, start_job
from .endpoint_configs_api import find_config
from .endpoint_models import SERVING, replace, warm_model
from .frame import AwsError, Record, Request, arn, listed, page, service
from .models_api import containers_of, find_model

_NEXT = '_next'
_BUSY = ('Creating', 'Updating')
_NOT_OFFERED = (
    'DeploymentConfig',
    'RetainDeploymentConfig',
    'RetainAllVariantProperties',
    'ExcludeRetainedVariantProperties',
)
endpoints = Store('sagemaker', 'endpoints')


def find_endpoint(name: str) -> Record:
    """An endpoint's record; ValidationException in AWS's words if there is none."""
    if name not in endpoints:
        raise AwsError('ValidationException', f'Could not find endpoint "{arn("sagemaker", f"endpoint/{name}")}".')
    return endpoints[name]


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
        new = warm_model(name, serving)
        try:
            new.start()
        finally:
            record.pop(_NEXT, None)
        replace(record, serving, new)

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
        record = endpoints[name] = {
            **request,
            'EndpointArn': identity,
            'EndpointStatus': 'Creating',
            'CreationTime': now(),
        }
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
    serving, coming = record.get(SERVING), record.get(_NEXT)
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
    replace(record, None, None)
