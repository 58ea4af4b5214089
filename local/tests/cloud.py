"""A local cloud started as the CLI starts it, and clients to talk to it."""

from __future__ import annotations

import functools
import io
import json
import os
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import botocore.session
from botocore.config import Config

T = TypeVar('T')
LOCAL = Path(__file__).resolve().parents[1]
ACCOUNT = '000000000000'
REGION = 'eu-west-1'


class Cloud:
    """A running server; a context manager that ends it by closing its stdin."""

    def __init__(self, state: Path, services: str | None = None) -> None:
        self.state = state
        environment = {**os.environ, 'PYTHONPATH': str(LOCAL), 'AWS_REGION': REGION}
        if services is not None:
            environment['PRESAGE_LOCAL_SERVICES'] = services
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'presage_local', '--state', str(state)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f'no ready line: {self.process.stderr.read()}')
        self.ready: dict[str, Any] = json.loads(line)
        self.endpoint: str = self.ready['endpoint']
        self.outbox = Path(self.ready['outbox'])
        self._clients: dict[str, Any] = {}

    def __enter__(self) -> Cloud:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> int:
        """End the server; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(10)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code

    def client(self, service: str, key: str = ACCOUNT, secret: str = 'x', token: str | None = None) -> Any:
        """A botocore client; by default as the account's root."""
        name = f'{service}/{key}'
        if name not in self._clients:
            self._clients[name] = _session().create_client(
                service,
                region_name=REGION,
                endpoint_url=self.endpoint,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                aws_session_token=token,
                config=Config(retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'}, read_timeout=30),
            )
        return self._clients[name]

    def role(self, principal: str, *statements: dict[str, Any], name: str = '') -> str:
        """Make a role a service may assume, with these policy statements; its ARN."""
        name = name or f'role-{uuid.uuid4().hex[:8]}'
        trust = {'Effect': 'Allow', 'Principal': {'Service': principal}, 'Action': 'sts:AssumeRole'}
        iam = self.client('iam')
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))['Role']['Arn']
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName='p', PolicyDocument=policy(*statements))
        return arn

    def as_role(self, service: str, role_arn: str) -> Any:
        """A client that acts as a role (which must trust nobody: the root may assume any here)."""
        answer = self.client('sts').assume_role(RoleArn=role_arn, RoleSessionName='test')['Credentials']
        return self.client(service, answer['AccessKeyId'], answer['SecretAccessKey'], answer['SessionToken'])

    def function(
        self, source: str, role_arn: str = '', *, timeout: int = 10, file: str = 'index.mjs', **more: Any
    ) -> str:
        """Deploy a Node function; its ARN."""
        role_arn = role_arn or self.role('lambda.amazonaws.com')
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, 'w') as archive:
            archive.writestr(file, source)
        options = {
            'FunctionName': f'fn-{uuid.uuid4().hex[:8]}',
            'Runtime': 'nodejs22.x',
            'Handler': 'index.handler',
            'Role': role_arn,
            'Timeout': timeout,
            'Code': {'ZipFile': packed.getvalue()},
            **more,
        }
        arn: str = self.client('lambda').create_function(**options)['FunctionArn']
        return arn

    def invoke(self, function: str, event: Any = None) -> Any:
        """What a function answers: its value, or its error as Lambda shapes it."""
        answer = self.client('lambda').invoke(FunctionName=function, Payload=json.dumps(event))
        return json.loads(answer['Payload'].read())

    def machine(self, definition: dict[str, Any], role_arn: str = '') -> str:
        """Make a state machine (by default with a role that may do everything); its ARN."""
        role_arn = role_arn or self.role('states.amazonaws.com', allow('*', '*'))
        arn: str = self.client('stepfunctions').create_state_machine(
            name=f'sm-{uuid.uuid4().hex[:8]}', definition=json.dumps(definition), roleArn=role_arn
        )['stateMachineArn']
        return arn

    def run(self, machine: str, value: Any = None, seconds: float = 20) -> dict[str, Any]:
        """Run a state machine to its end; DescribeExecution's answer."""
        states = self.client('stepfunctions')
        arn = states.start_execution(stateMachineArn=machine, input=json.dumps(value or {}))['executionArn']
        return self.ended(arn, seconds)

    def ended(self, execution: str, seconds: float = 20) -> dict[str, Any]:
        """Wait for an execution's end; DescribeExecution's answer."""
        states = self.client('stepfunctions')

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = states.describe_execution(executionArn=execution)
            return found if found['status'] != 'RUNNING' else None

        return wait_for(look, seconds)

    def history(self, execution: str) -> list[dict[str, Any]]:
        """All events of an execution."""
        pages = self.client('stepfunctions').get_paginator('get_execution_history').paginate(executionArn=execution)
        return [event for page in pages for event in page['events']]


@functools.cache
def _session() -> botocore.session.Session:
    """One for all clients: it reads the model of a service once, which takes most of the time of making a client."""
    return botocore.session.get_session()


def wait_for(look: Callable[[], T | None], seconds: float = 10) -> T:
    """The first thing that is not None; AssertionError after `seconds`. Looks less often the longer it takes."""
    end = time.monotonic() + seconds
    pause = 0.02
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(pause)
        pause = min(0.25, pause * 1.3)
    raise AssertionError(f'nothing after {seconds} seconds')


def policy(*statements: dict[str, Any]) -> str:
    """An IAM policy document."""
    return json.dumps({'Version': '2012-10-17', 'Statement': list(statements)})


def allow(action: str | list[str], resource: str | list[str]) -> dict[str, Any]:
    """A statement that allows."""
    return {'Effect': 'Allow', 'Action': action, 'Resource': resource}
