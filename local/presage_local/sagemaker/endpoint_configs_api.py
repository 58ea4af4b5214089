"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig: serverless only.

Rules: "Serverless Inference" of the SageMaker developer guide (feature exclusions, memory sizes) and the API
reference. A configuration in use can be deleted, as on AWS: its endpoint goes on answering and cannot be updated.
"""

from typing import Any

from ..service import Store, now
from .frame import AwsError, Record, Request, arn, listed, page, service
from .models_api import containers_of, find_model

_STEP_MB = 1024
_NOT_SUPPORTED = 'One or more endpoint features are not supported using this configuration.'
# What a serverless endpoint cannot have on AWS, in the request and in a variant.
_NOT_SERVERLESS = (
    'DataCaptureConfig',
    'AsyncInferenceConfig',
    'ExplainerConfig',
    'ShadowProductionVariants',
    'VpcConfig',
)
_NOT_IN_VARIANT = (
    'InstanceType',
    'InitialInstanceCount',
    'InstancePools',
    'AcceleratorType',
    'CoreDumpConfig',
    'VolumeSizeInGB',
    'ModelDataDownloadTimeoutInSeconds',
    'ContainerStartupHealthCheckTimeoutInSeconds',
    'ManagedInstanceScaling',
    'RoutingConfig',
    'InferenceAmiVersion',
    'CapacityReservationConfig',
)
configs = Store('sagemaker', 'endpoint-configs')


def find_config(name: str) -> Record:
    """A configuration's record; ValidationException in AWS's words if there is none."""
    if name not in configs:
        found = arn('sagemaker', f'endpoint-config/{name}')
        raise AwsError('ValidationException', f'Could not find endpoint configuration "{found}".')
    return configs[name]


def problem_with(request: Request) -> str | None:
    """Why AWS refuses the request beyond its service model, or what the local cloud does not offer."""
    variants = request['ProductionVariants']
    names = [variant['VariantName'] for variant in variants]
    if any(not variant.get('ServerlessConfig') for variant in variants):
        return 'Endpoints on instances are not offered by the local cloud: give every variant a ServerlessConfig.'
    if len(variants) > 1:
        return f'{_NOT_SUPPORTED} A serverless endpoint has one production variant, not {names}.'
    unfit = [name for name in _NOT_SERVERLESS if request.get(name)]
    unfit += [name for name in _NOT_IN_VARIANT if variants[0].get(name) is not None]
    if request.get('EnableNetworkIsolation'):
        unfit.append('EnableNetworkIsolation')
    if unfit:
        return f'{_NOT_SUPPORTED} ServerlessConfig does not go with {", ".join(unfit)}.'
    if not variants[0].get('ModelName'):
        return f'Production variant {names[0]} names no model.'
    return _problem_with_size(variants[0]['ServerlessConfig'])


def _problem_with_size(size: dict[str, int]) -> str | None:
    memory, calls, warm = size['MemorySizeInMB'], size['MaxConcurrency'], size.get('ProvisionedConcurrency', 0)
    if memory % _STEP_MB:
        return f'MemorySizeInMB must be one of 1024, 2048, 3072, 4096, 5120 and 6144, not {memory}.'
    if warm > calls:
        return f'ProvisionedConcurrency {warm} must not be greater than MaxConcurrency {calls}.'
    return None


def _check_model(name: str) -> None:
    model = find_model(name)
    if len(containers_of(model)) > 1:
        raise AwsError(
            'ValidationException',
            f'{_NOT_SUPPORTED} Model {name} is an inference pipeline of several containers, which cannot be served '
            'with ServerlessConfig.',
        )
    if model.get('VpcConfig') or model.get('EnableNetworkIsolation'):
        raise AwsError(
            'ValidationException',
            f'{_NOT_SUPPORTED} Model {name} has a VpcConfig or EnableNetworkIsolation, which do not go with '
            'ServerlessConfig.',
        )


@service.operation('CreateEndpointConfig')
def create(request: Request) -> dict[str, Any]:
    """Enter a configuration of one serverless variant."""
    refused = problem_with(request)
    if refused:
        raise AwsError('ValidationException', refused)
    variants = [{'InitialVariantWeight': 1.0, **variant} for variant in request['ProductionVariants']]
    _check_model(variants[0]['ModelName'])
    name = request['EndpointConfigName']
    identity = arn('sagemaker', f'endpoint-config/{name}')
    with configs.lock:
        if name in configs:
            raise AwsError(
                'ValidationException', f'Cannot create already existing endpoint configuration "{identity}".'
            )
        more = {'ProductionVariants': variants, 'EndpointConfigArn': identity, 'CreationTime': now()}
        configs[name] = {**request, **more}
        return configs[name]


@service.operation('DescribeEndpointConfig')
def describe(request: Request) -> dict[str, Any]:
    """The configuration as it was made."""
    return find_config(request['EndpointConfigName'])


@service.operation('ListEndpointConfigs')
def list_configs(request: Request) -> dict[str, Any]:
    """AWS's default order is the newest first."""
    return page('EndpointConfigs', listed(configs.values(), request, name='EndpointConfigName'))


@service.operation('DeleteEndpointConfig')
def delete(request: Request) -> None:
    """Forget the configuration; endpoints made with it stay."""
    find_config(request['EndpointConfigName'])
    del configs[request['EndpointConfigName']]
