"""A state machine's tasks are allowed what its role allows.

MiniStack runs every task as the account's root: a state machine whose role lacks a permission works here and fails on
AWS. Here the role's policies are asked before each call, and the task fails with the error AWS gives
(`Lambda.AWSLambdaException`, `Glue.AccessDeniedException`, `DynamoDb.DynamoDbException`, …).
"""

from __future__ import annotations

import json
from typing import Any

import ministack.services.stepfunctions as stepfunctions
from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region

from .. import iam
from ..validation import service_model

# IAM's prefix where it is not the name in the task's resource.
_NAMESPACES = {'sfn': 'states', 'emr': 'elasticmapreduce', 'eventbridge': 'events', 'cloudwatchlogs': 'logs'}
_MODELS = {'sfn': 'stepfunctions', 'eventbridge': 'events', 'cloudwatchlogs': 'logs', 'states': 'stepfunctions'}
_S3_ACTIONS = {'ListObjectsV2': 'ListBucket', 'ListObjects': 'ListBucket', 'HeadObject': 'GetObject'}
# Errors of the optimised integrations; the SDK integrations follow botocore's model.
_OPTIMISED = {
    'lambda': 'Lambda.AWSLambdaException',
    'sns': 'SNS.AuthorizationErrorException',
    'sqs': 'SQS.AmazonSQSException',
    'dynamodb': 'DynamoDB.AmazonDynamoDBException',
    'events': 'EventBridge.AccessDeniedException',
    'states': 'StepFunctions.AccessDeniedException',
}
# AWS spells these prefixes its own way; MiniStack would capitalise the first letter only.
_PREFIXES = {'sagemaker': 'SageMaker', 'emr': 'Emr', 'scheduler': 'Scheduler', 'glue': 'Glue', 'athena': 'Athena'}


def permission(resource: str, parameters: Any) -> tuple[str, str]:
    """The IAM action a task needs and the ARN it needs it on."""
    given: dict[str, Any] = parameters if isinstance(parameters, dict) else {}
    parts = resource.split(':')
    if parts[2] == 'lambda':
        return 'lambda:InvokeFunction', resource
    sdk = parts[5] == 'aws-sdk'
    service, operation = (parts[6], parts[7]) if sdk else (parts[5], parts[6])
    operation = operation.split('.')[0]
    operation = operation[0].upper() + operation[1:]
    namespace = _NAMESPACES.get(service, service)
    if service == 'lambda':
        return f'lambda:{"InvokeFunction" if operation == "Invoke" else operation}', _function_arn(given)
    if service == 's3':
        path = f'{given.get("Bucket", "*")}{"/" + given["Key"] if "Key" in given else ""}'
        return f's3:{_S3_ACTIONS.get(operation, operation)}', f'arn:aws:s3:::{path}'
    if namespace == 'sns':
        return f'sns:{operation}', given.get('TopicArn', '*')
    if namespace == 'sqs':
        queue = str(given.get('QueueUrl', '*')).rsplit('/', 1)[-1]
        return f'sqs:{operation}', f'arn:aws:sqs:{get_region()}:{get_account_id()}:{queue}'
    if namespace == 'states':
        machine = given.get('StateMachineArn') or given.get('stateMachineArn')
        return f'states:{operation}', machine or given.get('ExecutionArn') or '*'
    key = stepfunctions._AWS_SDK_SERVICE_MAP.get(service, {}).get('service_key', service)
    arn = iam_actions.extract_resource_arn(
        key,
        'POST',
        '/',
        {'x-amz-target': f'x.{operation}'},
        json.dumps(given).encode(),
        {},
        get_region(),
        get_account_id(),
    )
    return f'{namespace}:{operation}', arn


def _function_arn(given: dict[str, Any]) -> str:
    name = str(given.get('FunctionName', '*'))
    return name if name.startswith('arn:') else f'arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}'


def refusal(resource: str) -> str:
    """The name of the error a refused task fails with."""
    parts = resource.split(':')
    if parts[2] == 'lambda':
        return _OPTIMISED['lambda']
    service = parts[6] if parts[5] == 'aws-sdk' else parts[5]
    if parts[5] != 'aws-sdk' and service in _OPTIMISED:
        return _OPTIMISED[service]
    prefix = stepfunctions._prefix_sdk_error(service, 'X').removesuffix('.X')
    modelled = 'AccessDeniedException' in service_model(_MODELS.get(service, service)).shape_names
    return f'{prefix}.{"AccessDeniedException" if modelled else prefix + "Exception"}'


def install() -> None:
    """Ask the role before a task's call; the role is the acting one for the whole execution."""
    stepfunctions._AWS_SDK_ERROR_PREFIX.update(_PREFIXES)
    run, invoke, callback = (
        stepfunctions._run_execution,
        stepfunctions._invoke_resource,
        stepfunctions._invoke_with_callback,
    )

    def run_as_role(execution_arn: str) -> None:
        execution = stepfunctions._executions.get(execution_arn) or {}
        machine = stepfunctions._state_machines.get(execution.get('stateMachineArn')) or {}
        token = iam.acting_role.set(machine.get('roleArn', ''))
        try:
            run(execution_arn)
        finally:
            iam.acting_role.reset(token)

    def check(resource: str, parameters: Any) -> None:
        role = iam.acting_role.get()
        if not role or ':activity:' in resource:
            return
        action, arn = permission(resource, parameters)
        if not iam.role_allows(role, action, arn):
            raise stepfunctions._ExecutionError(
                refusal(resource),
                f'User: {_session(role)} is not authorized to perform: {action} on resource: {arn} '
                f'because no identity-based policy allows the {action} action',
            )

    def invoke_as_role(resource: str, parameters: Any) -> Any:
        check(resource, parameters)
        return invoke(resource, parameters)

    def callback_as_role(resource: str, parameters: Any, token: str, state: dict[str, Any]) -> Any:
        check(resource, parameters)
        return callback(resource, parameters, token, state)

    stepfunctions._run_execution = run_as_role
    stepfunctions._invoke_resource = invoke_as_role
    stepfunctions._invoke_with_callback = callback_as_role


def _session(role: str) -> str:
    return f'arn:aws:sts::{get_account_id()}:assumed-role/{iam.role_name(role)}/states'
