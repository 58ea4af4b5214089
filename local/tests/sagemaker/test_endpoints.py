"""Serverless endpoints: their life, and what AWS refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud import allow, wait_for
from tests.sagemaker.endpoints import Endpoints
from tests.sagemaker.jobs import Sagemaker, fresh

SIZE = {'MemorySizeInMB': 2048, 'MaxConcurrency': 2}


@pytest.fixture(scope='module')
def model(endpoints: Endpoints) -> str:
    return endpoints.script()


def test_an_endpoint_is_creating_and_answers_only_when_it_is_in_service(endpoints: Endpoints, tmp_path: Path) -> None:
    busy = tmp_path / 'busy'
    busy.touch()
    slow = endpoints.script(START=f'while os.path.exists({str(busy)!r}): time.sleep(0.02)')
    name = endpoints.begin(endpoints.config(slow, 'slow'))
    described = endpoints.client.describe_endpoint(EndpointName=name)
    assert described['EndpointStatus'] == 'Creating'
    assert described['PendingDeploymentSummary']['ProductionVariants'][0]['VariantName'] == 'slow'
    with pytest.raises(ClientError) as caught:
        endpoints.call(name, 'hello')
    assert caught.value.response['Error']['Code'] == 'ModelNotReadyException'
    assert caught.value.response['ResponseMetadata']['HTTPStatusCode'] == 429
    with pytest.raises(ClientError, match='Cannot update in-progress endpoint'):
        endpoints.client.delete_endpoint(EndpointName=name)
    busy.unlink()
    ended = endpoints.ended(name)
    assert ended['EndpointStatus'] == 'InService'
    assert ended['ProductionVariants'][0]['CurrentServerlessConfig'] == SIZE
    assert 'PendingDeploymentSummary' not in ended
    assert endpoints.call(name, 'hello') == ('slow', 'hello')


def test_an_update_changes_the_model_without_a_gap_and_frees_the_former_configuration(
    endpoints: Endpoints, model: str
) -> None:
    former, coming = endpoints.config(model, 'former'), endpoints.config(endpoints.script(SAY='"2 " +'), 'coming')
    name = endpoints.create(former)
    endpoints.client.update_endpoint(EndpointName=name, EndpointConfigName=coming)
    assert endpoints.call(name, 'hello')[1] in ('hello', '2 hello')
    ended = endpoints.ended(name)
    assert (ended['EndpointStatus'], ended['EndpointConfigName']) == ('InService', coming)
    assert 'FailureReason' not in ended
    assert endpoints.call(name, 'hello') == ('coming', '2 hello')
    endpoints.client.delete_endpoint_config(EndpointConfigName=former)


def test_an_update_to_a_model_that_does_not_start_goes_back_to_the_former_one(endpoints: Endpoints, model: str) -> None:
    former = endpoints.config(model, 'former')
    broken = endpoints.config(endpoints.script(START='raise ValueError("no such tree")'), 'broken')
    name = endpoints.create(former)
    endpoints.client.update_endpoint(EndpointName=name, EndpointConfigName=broken)
    ended = endpoints.ended(name)
    assert (ended['EndpointStatus'], ended['EndpointConfigName']) == ('InService', former)
    assert 'production variant broken did not pass the ping health check' in ended['FailureReason']
    assert 'no such tree' in ended['FailureReason']
    assert endpoints.call(name, 'hello') == ('former', 'hello')


def test_an_endpoint_whose_artefact_is_gone_fails_and_can_only_be_deleted(
    endpoints: Endpoints, sagemaker: Sagemaker, model: str
) -> None:
    artefact = endpoints.artefact()
    lost = endpoints.model({**endpoints.container(), 'ModelDataUrl': artefact})
    sagemaker.s3.delete_object(Bucket=sagemaker.bucket, Key=artefact.removeprefix(f's3://{sagemaker.bucket}/'))
    name = endpoints.begin(endpoints.config(lost, 'lost'))
    ended = endpoints.ended(name)
    assert ended['EndpointStatus'] == 'Failed'
    assert f'Failed to download model data for container "primary" from URL: "{artefact}"' in ended['FailureReason']
    with pytest.raises(ClientError, match='ValidationError'):
        endpoints.call(name, 'hello')
    with pytest.raises(ClientError, match='status Failed'):
        endpoints.client.update_endpoint(EndpointName=name, EndpointConfigName=endpoints.config(model))
    endpoints.client.delete_endpoint(EndpointName=name)
    with pytest.raises(ClientError, match='Could not find endpoint'):
        endpoints.client.describe_endpoint(EndpointName=name)


def test_a_configuration_deleted_in_use_leaves_an_endpoint_that_answers_and_cannot_be_updated(
    endpoints: Endpoints, model: str
) -> None:
    config = endpoints.config(model, 'only')
    name = endpoints.create(config)
    endpoints.client.delete_endpoint_config(EndpointConfigName=config)
    assert endpoints.call(name, 'hello') == ('only', 'hello')
    with pytest.raises(ClientError, match=f'Could not find endpoint configuration ".*/{config}"'):
        endpoints.client.update_endpoint(EndpointName=name, EndpointConfigName=endpoints.config(model))
    with pytest.raises(ClientError, match='Cannot create already existing endpoint'):
        endpoints.client.create_endpoint(EndpointName=name, EndpointConfigName=endpoints.config(model))


def test_a_deleted_endpoint_ends_its_process(endpoints: Endpoints, model: str) -> None:
    name = endpoints.create(endpoints.config(model))
    process = int(endpoints.call(name, 'pid')[1])
    assert endpoints.alive(process)
    endpoints.client.delete_endpoint(EndpointName=name)
    wait_for(lambda: None if endpoints.alive(process) else True)
    with pytest.raises(ClientError, match=f'Endpoint {name} of account 000000000000 not found'):
        endpoints.call(name, 'hello')


def test_lists_are_newest_first_and_filtered(endpoints: Endpoints, model: str) -> None:
    prefix = fresh('listed')
    made = [endpoints.config(model, name=f'{prefix}-{n}') for n in range(2)]
    found = endpoints.client.list_endpoint_configs(NameContains=prefix)['EndpointConfigs']
    assert [one['EndpointConfigName'] for one in found] == made[::-1]
    name = endpoints.create(made[0])
    found = endpoints.client.list_endpoints(NameContains=name, StatusEquals='InService')['Endpoints']
    assert [one['EndpointName'] for one in found] == [name]


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        ({'ServerlessConfig': {'MemorySizeInMB': 1500, 'MaxConcurrency': 1}}, 'must be one of 1024, 2048'),
        ({'ServerlessConfig': {'MemorySizeInMB': 7168, 'MaxConcurrency': 1}}, 'less than or equal to 6144'),
        ({'ServerlessConfig': {'MemorySizeInMB': 1024, 'MaxConcurrency': 201}}, 'less than or equal to 200'),
        ({'ServerlessConfig': {**SIZE, 'ProvisionedConcurrency': 3}}, 'must not be greater than MaxConcurrency 2'),
        ({'InstanceType': 'ml.m5.large', 'InitialInstanceCount': 1}, 'does not go with InstanceType'),
        ({'ServerlessConfig': None}, 'Endpoints on instances are not offered'),
        ({'ModelName': 'nobody'}, 'Could not find model'),
    ],
)
def test_a_variant_aws_would_refuse_is_refused(
    endpoints: Endpoints, model: str, change: dict[str, Any], told: str
) -> None:
    given = {'VariantName': 'v', 'ModelName': model, 'ServerlessConfig': SIZE, **change}
    variant = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(ClientError, match='ValidationException') as caught:
        endpoints.client.create_endpoint_config(EndpointConfigName=fresh('c'), ProductionVariants=[variant])
    assert told in str(caught.value)


def test_two_variants_are_too_many_for_a_serverless_endpoint(endpoints: Endpoints, model: str) -> None:
    variants = [{'VariantName': name, 'ModelName': model, 'ServerlessConfig': SIZE} for name in ('a', 'b')]
    with pytest.raises(ClientError, match='has one production variant'):
        endpoints.client.create_endpoint_config(EndpointConfigName=fresh('c'), ProductionVariants=variants)


def test_a_model_of_several_containers_cannot_be_served_serverless(endpoints: Endpoints, sagemaker: Sagemaker) -> None:
    name = fresh('model')
    containers = [endpoints.container(), endpoints.container()]
    endpoints.client.create_model(ModelName=name, Containers=containers, ExecutionRoleArn=sagemaker.role)
    with pytest.raises(ClientError, match='several containers'):
        endpoints.config(name)


def test_whoever_creates_an_endpoint_needs_the_permission_on_its_configuration_too(
    endpoints: Endpoints, sagemaker: Sagemaker, model: str
) -> None:
    config = endpoints.config(model)
    role = sagemaker.cloud.role('lambda.amazonaws.com', allow('sagemaker:CreateEndpoint', '*:endpoint/*'))
    with pytest.raises(ClientError, match=f'AccessDenied.*endpoint-config/{config}'):
        sagemaker.cloud.as_role('sagemaker', role).create_endpoint(
            EndpointName=fresh('endpoint'), EndpointConfigName=config
        )
