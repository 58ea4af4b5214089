"""Identity questions MiniStack leaves open: may this role do that, does it exist, who may hand it to a service.

Everything is true without asking while the server runs without `AUTH`.
"""

from __future__ import annotations

import contextvars
import functools
import json
import threading
from typing import Any

import botocore.session
import ministack.app as app
import ministack.core.iam_evaluator as evaluator
import ministack.core.lambda_runtime as lambda_runtime
import ministack.services.iam as iam_service
from botocore.client import BaseClient
from botocore.config import Config
from ministack.core.responses import get_account_id, get_region

from .settings import arn, endpoint

# The role a call made inside the server acts as: a state machine's while one of its tasks runs. Empty: the caller
# of the HTTP request, whom MiniStack has checked already.
acting_role: contextvars.ContextVar[str] = contextvars.ContextVar('presage_acting_role', default='')
# The access key of the HTTP request being answered.
request_key: contextvars.ContextVar[str] = contextvars.ContextVar('presage_request_key', default='')


# One session for all clients: it reads a service's model once, which is most of the time of making one. Clients may be
# used by several threads, sessions may not.
_making = threading.Lock()
_session = functools.cache(botocore.session.get_session)


def role_name(role_arn: str) -> str:
    """The name at the end of a role's ARN (or the name itself)."""
    return role_arn.rsplit('/', 1)[-1]


def role_allows(role_arn: str, action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    """Whether a role's own policies (and its permissions boundary) allow an action on a resource."""
    if not app.AUTH:
        return True
    account, name = get_account_id(), role_name(role_arn)
    if iam_service._roles.get(name) is None:
        return False
    question = evaluator.EvalContext(
        principal_arn=f'arn:aws:sts::{account}:assumed-role/{name}/service',
        principal_type='AssumedRole',
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={key.lower(): value for key, value in (context or {}).items()},
    )
    policies = evaluator._gather_role_policies(name, account)
    boundary = evaluator._permissions_boundary(iam_service._roles, name, account)
    return evaluator.evaluate(question, policies, *boundary).decision == 'Allow'


def role_trusts(role_arn: str, principal: str) -> bool:
    """Whether a role exists and its trust policy lets a service (`sagemaker.amazonaws.com`) assume it."""
    if not app.AUTH:
        return True
    role = iam_service._roles.get(role_name(role_arn))
    if role is None:
        return False
    document = role.get('AssumeRolePolicyDocument') or '{}'
    statements = (json.loads(document) if isinstance(document, str) else document).get('Statement', [])
    for statement in statements if isinstance(statements, list) else [statements]:
        services = statement.get('Principal', {})
        services = services.get('Service', []) if isinstance(services, dict) else []
        if statement.get('Effect') == 'Allow' and principal in ([services] if isinstance(services, str) else services):
            return True
    return False


def instance_profile_role(profile: str) -> str | None:
    """The role inside an instance profile (name or ARN), or None if there is no such profile."""
    found = iam_service._instance_profiles.get(role_name(profile))
    roles = (found or {}).get('Roles') or []
    if not roles:
        return None
    first = roles[0]
    name = first if isinstance(first, str) else first['RoleName']
    return f'arn:aws:iam::{get_account_id()}:role/{role_name(name)}'


def may_pass(role_arn: str, principal: str) -> bool:
    """Whether whoever makes this call has iam:PassRole on a role for a service."""
    return caller_may('iam:PassRole', role_arn, {'iam:PassedToService': principal})


def caller_may(action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    """Whether whoever makes this call may do something on a resource beside the one MiniStack has judged it on."""
    if not app.AUTH:
        return True
    if acting_role.get():
        return role_allows(acting_role.get(), action, resource, context)
    service = action.split(':')[0]
    return evaluator.enforce(request_key.get(), action, service, get_region(), resource, context or {}) is None


def role_env(role_arn: str, name: str) -> dict[str, str]:
    """AWS variables for a process that runs as a role: it is denied whatever the role does not allow."""
    return {
        **lambda_runtime.execution_credentials(
            {'FunctionArn': arn('lambda', f'function:{name}'), 'FunctionName': name, 'Role': role_arn}
        ),
        'AWS_REGION': get_region(),
        'AWS_DEFAULT_REGION': get_region(),
        'AWS_ENDPOINT_URL': endpoint(),
        'AWS_EC2_METADATA_DISABLED': 'true',
    }


def client_as(service: str, env: dict[str, str]) -> BaseClient:
    """A botocore client with the credentials of `role_env`."""
    with _making:
        return _session().create_client(
            service,
            region_name=env['AWS_REGION'],
            endpoint_url=env['AWS_ENDPOINT_URL'],
            aws_access_key_id=env['AWS_ACCESS_KEY_ID'],
            aws_secret_access_key=env['AWS_SECRET_ACCESS_KEY'],
            aws_session_token=env['AWS_SESSION_TOKEN'],
            config=Config(retries={'total_max_attempts': 2}, s3={'addressing_style': 'path'}),
        )


def s3_as(env: dict[str, str]) -> BaseClient:
    """An S3 client with the credentials of `role_env`, to stage a job's inputs and outputs as its role."""
    return client_as('s3', env)
