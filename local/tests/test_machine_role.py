"""Mend `machine_role`: a state machine may do what its role allows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import Cloud, allow

HOOK = 'mends/machine_role.py: MiniStack runs tasks otherwise than the mend expects'


@pytest.fixture(scope='module')
def function(cloud: Cloud) -> str:
    return cloud.function('export const handler = async (event) => event;')


def task(resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
    state = {'Type': 'Task', 'Resource': resource, 'Parameters': parameters, 'End': True}
    return {'StartAt': 'Do', 'States': {'Do': state}}


def invoke(function: str) -> dict[str, Any]:
    return task('arn:aws:states:::lambda:invoke', {'FunctionName': function, 'Payload': {'a': 1}})


def test_an_allowed_call_is_made(cloud: Cloud, function: str) -> None:
    role = cloud.role('states.amazonaws.com', allow('lambda:InvokeFunction', function))
    assert cloud.run(cloud.machine(invoke(function), role))['status'] == 'SUCCEEDED', HOOK


def test_a_call_the_role_does_not_allow_fails_with_lambdas_error(cloud: Cloud, function: str) -> None:
    role = cloud.role('states.amazonaws.com', allow('lambda:InvokeFunction', f'{function}-other'))
    ended = cloud.run(cloud.machine(invoke(function), role))
    assert (ended['status'], ended.get('error')) == ('FAILED', 'Lambda.AWSLambdaException'), HOOK
    assert 'not authorized to perform: lambda:InvokeFunction' in ended['cause']


@pytest.mark.parametrize(
    ('resource', 'parameters', 'error'),
    [
        ('aws-sdk:dynamodb:getItem', {'TableName': 't', 'Key': {}}, 'DynamoDb.DynamoDbException'),
        ('aws-sdk:glue:getTable', {'DatabaseName': 'd', 'Name': 't'}, 'Glue.AccessDeniedException'),
        ('aws-sdk:s3:getObject', {'Bucket': 'b', 'Key': 'k'}, 'S3.S3Exception'),
        (
            'sns:publish',
            {'TopicArn': 'arn:aws:sns:eu-west-1:000000000000:t', 'Message': 'm'},
            'SNS.AuthorizationErrorException',
        ),
        (
            'states:startExecution',
            {'StateMachineArn': 'arn:aws:states:eu-west-1:000000000000:stateMachine:x'},
            'StepFunctions.AccessDeniedException',
        ),
    ],
)
def test_a_denial_has_the_name_it_has_on_aws(
    cloud: Cloud, resource: str, parameters: dict[str, Any], error: str
) -> None:
    role = cloud.role('states.amazonaws.com')
    ended = cloud.run(cloud.machine(task(f'arn:aws:states:::{resource}', parameters), role))
    assert ended.get('error') == error, HOOK


def test_a_denied_call_can_be_caught(cloud: Cloud, function: str) -> None:
    definition = invoke(function)
    definition['States']['Do']['Catch'] = [{'ErrorEquals': ['States.ALL'], 'Next': 'Told'}]
    definition['States']['Told'] = {'Type': 'Succeed'}
    assert cloud.run(cloud.machine(definition, cloud.role('states.amazonaws.com')))['status'] == 'SUCCEEDED'
