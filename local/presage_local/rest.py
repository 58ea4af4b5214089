"""An operation of a REST service whose requests reach the handler of another service, because both sign with one name.

    invoke = RestOperation('sagemaker', 'sagemaker-runtime', 'InvokeEndpoint', resource=arn_of, answer=function)
    invoke.mount()  # after the service that has the handler

SageMaker Runtime signs as `sagemaker`: MiniStack routes by that name, so `POST /endpoints/{EndpointName}/invocations`
comes to the handler of SageMaker's own JSON protocol. Its requests name their operation in `x-amz-target`; a request
without one whose path fits is the other service's. MiniStack judges it by IAM on the way in, under the operation's
name and the ARN given here.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ministack.app as app
from ministack.core import iam_actions

from .errors import AwsError
from .service import Answer, Handler
from .validation import problems, service_model

_log = logging.getLogger('presage.rest')
# A waiting call holds a thread. They are not those of the server's other work, which a call may need to be answered:
# a model that starts reads its artefact from S3.
_THREADS = 64

Request = dict[str, Any]


class RestOperation:
    """One operation: `answer(request)` gets the members botocore's model places in path, headers and body.

    It returns status, headers and body. AwsError is answered as rest-json does: the code in `x-amzn-errortype`.
    """

    def __init__(
        self,
        key: str,
        model: str,
        operation: str,
        *,
        invalid: str,
        resource: Callable[[Request], str],
        answer: Callable[[Request], Answer],
    ) -> None:
        """`key` is MiniStack's handler key, `invalid` the error of a request that breaks the model, `resource(request)`
        the ARN IAM evaluates."""
        self.key, self.invalid, self.resource, self.answer = key, invalid, resource, answer
        self.model = service_model(model)
        self.operation = self.model.operation_model(operation)
        pattern = re.sub(r'\\{(\w+)\\}', r'(?P<\1>[^/]+)', re.escape(self.operation.http['requestUri']))
        self._path = re.compile(pattern)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix=operation)

    def matches(self, method: str, path: str, headers: dict[str, str]) -> bool:
        """Whether a request is one of this operation."""
        fits = method == self.operation.http['method'] and self._path.fullmatch(path) is not None
        return fits and 'x-amz-target' not in headers

    def request(self, path: str, headers: dict[str, str], body: bytes) -> Request:
        """The members of a request; what is empty is left out."""
        found = self._path.fullmatch(path)
        in_path = found.groupdict() if found else {}
        shape = self.operation.input_shape
        request: Request = {}
        for name, member in shape.members.items():
            place = member.serialization
            if name == shape.serialization.get('payload'):
                request[name] = body
            elif place.get('location') == 'uri':
                request[name] = in_path.get(place['name'])
            elif place.get('location') == 'header':
                request[name] = headers.get(place['name'].lower())
        return {name: value for name, value in request.items() if value is not None}

    def mount(self) -> None:
        """Take the operation's requests out of the handler's way and tell IAM what they are."""
        under: Handler = app.SERVICE_HANDLERS[self.key]

        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
            if not self.matches(method, path, headers):
                return await under(method, path, headers, body, query)
            run = contextvars.copy_context().run
            return await asyncio.get_running_loop().run_in_executor(self._pool, run, self._reply, path, headers, body)

        app.SERVICE_HANDLERS[self.key] = handle
        # MiniStack finds the name of an operation by its path in the models listed here.
        iam_actions._BOTOCORE_SERVICE_MAP.setdefault(self.key, []).append(self.model.service_name)
        iam_actions._REST_ROUTE_CACHE.pop(self.key, None)
        self._name_resource()

    def _name_resource(self) -> None:
        original = iam_actions.extract_resource_arn

        def extract(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:
            if service == self.key and self.matches(method, path, headers):
                return self.resource(self.request(path, headers, b''))
            found: str = original(service, method, path, headers, body, *rest)
            return found

        iam_actions.extract_resource_arn = extract

    def _reply(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        try:
            request = self.request(path, headers, body)
            wrong = problems(request, self.operation)
            if wrong:
                raise AwsError(self.invalid, '; '.join(wrong))
            return self.answer(request)
        except AwsError as error:
            return _refusal(error)
        except Exception as error:
            _log.exception('%s', self.operation.name)
            return _refusal(AwsError('InternalFailure', f'{type(error).__name__}: {error}', status=500))


def _refusal(error: AwsError) -> Answer:
    content = json.dumps({'Message': str(error), **error.extra}).encode()
    return error.status, {'Content-Type': 'application/json', 'x-amzn-errortype': error.code}, content
