"""The frame's identity checks through a real service: who may hand a role to a service, and does the role exist."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cloud import Cloud, allow

HOOK = 'presage_local/iam.py: MiniStack evaluates identities otherwise than the frame expects'


@pytest.fixture(scope='module')
def role(cloud: Cloud) -> str:
    return cloud.role('sagemaker.amazonaws.com')


def create_model(cloud: Cloud, role: str, *statements: dict[str, Any]) -> str:
    """What CreateModel answers a caller with these permissions; its image is unknown, so it never succeeds."""
    caller = cloud.as_role('sagemaker', cloud.role('lambda.amazonaws.com', allow('sagemaker:*', '*'), *statements))
    container = {'Image': 'no-such-image', 'ModelDataUrl': 's3://b/k'}
    with pytest.raises(caller.exceptions.ClientError) as refused:
        caller.create_model(ModelName='m', ExecutionRoleArn=role, PrimaryContainer=container)
    return str(refused.value)


def test_a_caller_without_pass_role_is_denied(cloud: Cloud, role: str) -> None:
    said = create_model(cloud, role)
    assert 'AccessDeniedException' in said, HOOK
    assert f'iam:PassRole on resource: {role}' in said


def test_pass_role_for_another_service_is_denied(cloud: Cloud, role: str) -> None:
    condition = {'StringEquals': {'iam:PassedToService': 'glue.amazonaws.com'}}
    statement = {**allow('iam:PassRole', role), 'Condition': condition}
    assert 'AccessDeniedException' in create_model(cloud, role, statement), HOOK


def test_with_pass_role_the_request_goes_on(cloud: Cloud, role: str) -> None:
    assert 'AccessDenied' not in create_model(cloud, role, allow('iam:PassRole', role)), HOOK


@pytest.mark.parametrize('which', ['missing', 'untrusting'])
def test_a_role_the_service_cannot_assume_is_refused(cloud: Cloud, which: str) -> None:
    role = cloud.role('glue.amazonaws.com') if which == 'untrusting' else 'arn:aws:iam::000000000000:role/missing'
    assert 'Could not assume role' in create_model(cloud, role, allow('iam:PassRole', '*')), HOOK


def test_the_resource_an_operation_names_is_evaluated(cloud: Cloud, role: str) -> None:
    statement = allow('sagemaker:CreateModel', 'arn:aws:sagemaker:eu-west-1:000000000000:model/other-*')
    caller = cloud.as_role('sagemaker', cloud.role('lambda.amazonaws.com', statement, allow('iam:PassRole', '*')))
    with pytest.raises(caller.exceptions.ClientError, match='not authorized to perform: sagemaker:CreateModel'):
        caller.create_model(
            ModelName='m', ExecutionRoleArn=role, PrimaryContainer={'Image': 'x', 'ModelDataUrl': 's3://b'}
        )


def test_a_state_machine_hands_a_role_on_only_if_its_own_role_may(cloud: Cloud, role: str) -> None:
    parameters = {
        'ModelName': 'm',
        'ExecutionRoleArn': role,
        'PrimaryContainer': {'Image': 'no-such-image', 'ModelDataUrl': 's3://b/k'},
    }
    resource = 'arn:aws:states:::aws-sdk:sagemaker:createModel'
    task = {'Type': 'Task', 'Resource': resource, 'Parameters': parameters, 'End': True}
    definition = {'StartAt': 'T', 'States': {'T': task}}
    machine = cloud.machine(definition, cloud.role('states.amazonaws.com', allow('sagemaker:*', '*')))
    assert 'iam:PassRole' in cloud.run(machine)['cause'], HOOK
    machine = cloud.machine(definition)
    assert 'iam:PassRole' not in cloud.run(machine)['cause'], HOOK
