"""The frame for AWS services of our own: one function an operation, everything around it from botocore's model.

    service = Service('sagemaker', 'sagemaker', resource=arn_of)

    @service.operation('CreateModel')
    def create_model(request: dict[str, Any]) -> dict[str, Any]:
        ...
        return {'ModelArn': ...}

The request is validated, IAM is evaluated (by MiniStack for the operation, here for iam:PassRole), the answer is cut
to the operation's output shape. What is registered nowhere answers an error, never success.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import ministack.app as app
import ministack.services.stepfunctions as stepfunctions
from ministack.core import iam_actions, router
from ministack.core.responses import get_account_id, get_region

from . import iam
from .errors import AwsError
from .iam import client_as, role_env, s3_as
from .jobs import Job, JobStopped, base_env, job_of, start_job, work_dir
from .settings import arn, now, state_dir
from .store import Record, Store
from .validation import problems, project, service_model

__all__ = [
    'AwsError',
    'Job',
    'JobStopped',
    'Record',
    'Service',
    'Store',
    'arn',
    'base_env',
    'client_as',
    'get_account_id',
    'get_region',
    'job_of',
    'now',
    'role_env',
    's3_as',
    'start_job',
    'state_dir',
    'work_dir',
]

_log = logging.getLogger('presage.service')
Operation = Callable[[dict[str, Any]], dict[str, Any] | None]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Answer]]

# Members of a request that name a role the service will act as, and the principal it is passed to ('' = the service).
_ROLE_MEMBERS = {'RoleArn': '', 'ExecutionRoleArn': '', 'ServiceRole': '', 'JobFlowRole': 'ec2.amazonaws.com'}
# What a service calls a request that breaks its model; the others say ValidationException.
_INVALID = {'athena': 'InvalidRequestException'}

_resources: dict[str, Callable[[str, dict[str, Any]], str]] = {}
_resource_tags: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, str]]]] = {}


class Service:
    """An AWS JSON-protocol service whose operations are functions of ours."""

    def __init__(
        self,
        key: str,
        model: str,
        *,
        namespace: str | None = None,
        resource: Callable[[str, dict[str, Any]], str] | None = None,
        tags: Callable[[dict[str, Any]], dict[str, str]] | None = None,
        fall_through: Collection[str] = (),
    ) -> None:
        """`key` is MiniStack's handler key ('elasticmapreduce'), `model` botocore's name ('emr'), `namespace` the IAM
        prefix (default: the model's name), `resource(operation, request)` the ARN IAM evaluates ('*' if it has none),
        `tags(request)` the tags of the resource a request names,
        `fall_through` the operations MiniStack's own handler answers truly."""
        self.key = key
        self.model = service_model(model)
        self.namespace = namespace or model
        self.resource = resource
        self.tags = tags
        self.fall_through = frozenset(fall_through)
        self.operations: dict[str, Operation] = {}
        unknown = self.fall_through - set(self.model.operation_names)
        if unknown:
            raise ValueError(f'{model} has no operation {sorted(unknown)}')

    def operation(self, name: str) -> Callable[[Operation], Operation]:
        """Register the function that answers one operation."""
        if name not in self.model.operation_names:
            raise ValueError(f'{self.model.service_name} has no operation {name}')

        def register(function: Operation) -> Operation:
            self.operations[name] = function
            return function

        return register

    def mount(self) -> None:
        """Put the service in MiniStack's place: routing, IAM names, Step Functions' SDK integration."""
        under: Handler | None = app.SERVICE_HANDLERS.get(self.key)
        prefix = self.model.metadata['targetPrefix']

        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
            name = headers.get('x-amz-target', '').rpartition('.')[2]
            if under is not None and name in self.fall_through:
                return await under(method, path, headers, body, query)
            iam.request_key.set(app.extract_access_key_id(headers, query) or '')
            return await asyncio.to_thread(self.answer, name, body)

        app.SERVICE_HANDLERS[self.key] = handle
        router.SERVICE_PATTERNS.setdefault(self.key, {'target_prefixes': [f'{prefix}.']})
        iam_actions.SERVICE_TO_IAM_NAMESPACE.setdefault(self.key, self.namespace)
        if self.resource is not None:
            _resources[self.key] = self.resource
        # Under which name botocore knows the service: that is where MiniStack looks which operations carry tags.
        iam_actions._BOTOCORE_SERVICE_MAP.setdefault(self.key, [self.model.service_name])
        if self.tags is not None:
            _resource_tags[self.key] = (self.namespace, self.tags)
        stepfunctions._AWS_SDK_SERVICE_MAP.setdefault(
            self.model.service_name, {'target_prefix': prefix, 'protocol': 'json', 'service_key': self.key}
        )

    def answer(self, name: str, body: bytes) -> Answer:
        """Answer one request: status, headers, body."""
        try:
            return self._reply(200, self._call(name, body))
        except AwsError as error:
            return self._refusal(error)
        except Exception as error:
            _log.exception('%s.%s', self.key, name)
            return self._refusal(AwsError('InternalFailure', f'{type(error).__name__}: {error}', status=500))

    def _call(self, name: str, body: bytes) -> Any:
        if name not in self.model.operation_names:
            raise AwsError('UnknownOperationException', f'{self.model.service_name} has no operation {name}.')
        if name not in self.operations:
            raise AwsError('UnknownOperationException', f'{name} is not implemented by the local cloud.')
        try:
            request = json.loads(body or b'{}')
        except ValueError:
            raise AwsError('SerializationException', 'The request is not JSON.') from None
        if not isinstance(request, dict):
            raise AwsError('SerializationException', 'The request is not a JSON object.')
        operation = self.model.operation_model(name)
        wrong = problems(request, operation)
        if wrong:
            count = f'{len(wrong)} validation error{"s" if len(wrong) > 1 else ""} detected'
            code = _INVALID.get(self.model.service_name, 'ValidationException')
            raise AwsError(code, f'{count}: {"; ".join(wrong)}')
        self._check_roles(request)
        return project(self.operations[name](request) or {}, operation.output_shape)

    def _check_roles(self, request: dict[str, Any]) -> None:
        for member, principal in _ROLE_MEMBERS.items():
            given = request.get(member)
            if not isinstance(given, str) or not given or not app.AUTH:
                continue
            principal = principal or f'{self.namespace}.amazonaws.com'
            if member == 'JobFlowRole':
                role = iam.instance_profile_role(given)
                if role is None:
                    raise AwsError('ValidationException', f'Invalid InstanceProfile: {given}.')
            else:
                role = given if given.startswith('arn:') else f'arn:aws:iam::{get_account_id()}:role/{given}'
            if not iam.may_pass(role, principal):
                raise AwsError(
                    'AccessDeniedException',
                    f'The caller is not authorized to perform: iam:PassRole on resource: {role} '
                    f'because no identity-based policy allows the iam:PassRole action for {principal}',
                )
            if not iam.role_trusts(role, principal):
                raise AwsError(
                    'ValidationException',
                    f'Could not assume role {role}. Please ensure that the role exists and allows principal '
                    f"'{principal}' to assume the role.",
                )

    def _headers(self) -> dict[str, str]:
        # A new dict each time: MiniStack changes the headers it is given.
        return {'Content-Type': f'application/x-amz-json-{self.model.metadata["jsonVersion"]}'}

    def _reply(self, status: int, content: Any) -> Answer:
        return status, self._headers(), json.dumps(content).encode()

    def _refusal(self, error: AwsError) -> Answer:
        content = json.dumps({'__type': error.code, 'message': str(error), **error.extra}).encode()
        return error.status, {**self._headers(), 'x-amzn-errortype': error.code}, content


def _install_resource_lookup() -> None:
    """IAM evaluates a request on the ARN our service names, where it names one."""
    original = iam_actions.extract_resource_arn

    def extract(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        lookup = _resources.get(service)
        if lookup is None:
            return original(service, method, path, headers, body, query_params, region, account_id)
        try:
            return lookup(headers.get('x-amz-target', '').rpartition('.')[2], json.loads(body or b'{}')) or '*'
        except (ValueError, KeyError, TypeError, AttributeError):
            return '*'  # a malformed request names no resource; validation refuses it afterwards

    iam_actions.extract_resource_arn = extract


_install_resource_lookup()


def _install_tag_lookup() -> None:
    """IAM sees the tags of the resource a request names: `<namespace>:ResourceTag/<key>` and `aws:ResourceTag/<key>`.

    MiniStack gives the tags a request sets (`aws:RequestTag/<key>`); those of a resource only its service knows.
    """
    original = iam_actions.request_tag_context

    def context(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        found = dict(original(service, iam_action, body, params))
        if service in _resource_tags:
            namespace, lookup = _resource_tags[service]
            try:
                tags = lookup(json.loads(body or b'{}'))
            except (ValueError, KeyError, TypeError, AttributeError):
                tags = {}  # as above
            for key, value in tags.items():
                found[f'{namespace}:ResourceTag/{key}'.lower()] = value
                found[f'aws:ResourceTag/{key}'.lower()] = value
        return found

    iam_actions.request_tag_context = context


_install_tag_lookup()
