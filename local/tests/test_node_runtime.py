"""Mends `node_runtime` and `child_processes`: Node functions run, fail and end as on AWS."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.cloud import Cloud, allow, wait_for

HOOK = 'mends/node_runtime.py: MiniStack runs nodejs functions otherwise than the mend expects'

SOURCE = """
export const handler = async (event, context) => {
  if (event?.do === 'throw') throw Object.assign(new Error('no rows'), { name: 'EmptySourceError' });
  if (event?.do === 'wait') await new Promise((done) => setTimeout(done, event.ms));
  if (event?.do === 'exit') process.exit(3);
  if (event?.do === 'reject') {
    Promise.reject(new Error('nobody waits'));
    await new Promise((done) => setTimeout(done, 500));
  }
  const { AWS_REGION: env } = process.env;
  return { pid: process.pid, name: context.functionName, left: context.getRemainingTimeInMillis(), env };
};
"""


@pytest.fixture(scope='module')
def function(cloud: Cloud) -> str:
    return cloud.function(SOURCE, timeout=3)


def test_an_error_keeps_its_name_and_the_environment_lives_on(cloud: Cloud, function: str) -> None:
    before = cloud.invoke(function)['pid']
    failed = cloud.invoke(function, {'do': 'throw'})
    assert failed['errorType'] == 'EmptySourceError', HOOK
    assert failed['errorMessage'] == 'no rows'
    assert cloud.invoke(function)['pid'] == before, HOOK


def test_the_context_tells_name_and_time_left(cloud: Cloud, function: str) -> None:
    answer = cloud.invoke(function)
    assert answer['name'] == function.rsplit(':', 1)[-1]
    assert 0 < answer['left'] <= 3000
    assert answer['env'] == 'eu-west-1'


def test_a_function_that_takes_too_long_ends_as_sandbox_timedout(cloud: Cloud, function: str) -> None:
    failed = cloud.invoke(function, {'do': 'wait', 'ms': 20_000})
    assert failed['errorType'] == 'Sandbox.Timedout', HOOK
    assert 'Task timed out after 3.00 seconds' in failed['errorMessage']


def test_a_function_that_exits_is_a_runtime_exit_error(cloud: Cloud, function: str) -> None:
    assert cloud.invoke(function, {'do': 'exit'})['errorType'] == 'Runtime.ExitError', HOOK


def test_a_rejection_nobody_waits_for_is_told_by_its_aws_name(cloud: Cloud, function: str) -> None:
    assert cloud.invoke(function, {'do': 'reject'})['errorType'] == 'Runtime.UnhandledPromiseRejection'


def test_a_handler_in_a_folder_and_nodejs24_work(cloud: Cloud) -> None:
    source = 'export const run = async () => "here";'
    nested = cloud.function(source, file='steps/check.mjs', Handler='steps/check.run', Runtime='nodejs24.x')
    assert cloud.invoke(nested) == 'here', HOOK


def test_a_missing_handler_says_so(cloud: Cloud) -> None:
    missing = cloud.function('export const other = 1;')
    failed = cloud.invoke(missing)
    assert 'Runtime.HandlerNotFound' in json.dumps(failed), HOOK


def test_a_function_is_denied_what_its_role_does_not_allow(cloud: Cloud) -> None:
    source = """
      const { AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = process.env;
      export const handler = async () => ({ key, secret, token });
    """
    role = cloud.role('lambda.amazonaws.com', allow('sqs:ListQueues', '*'))
    keys = cloud.invoke(cloud.function(source, role))
    as_function = {name: cloud.client(name, keys['key'], keys['secret'], keys['token']) for name in ('sqs', 'dynamodb')}
    as_function['sqs'].list_queues()
    with pytest.raises(as_function['dynamodb'].exceptions.ClientError, match='AccessDenied'):
        as_function['dynamodb'].list_tables()


def test_a_warm_call_costs_little(cloud: Cloud, function: str) -> None:
    cloud.invoke(function)
    took = []
    for _ in range(15):
        start = time.perf_counter()
        cloud.invoke(function)
        took.append(time.perf_counter() - start)
    # 60 to 100 ms each without the mend, of which the most is waiting: the best bears a busy machine.
    assert min(took) < 0.05, HOOK


def test_an_environment_leads_its_own_process_group_and_ends_with_it(cloud: Cloud) -> None:
    own = cloud.function(SOURCE)
    pid = cloud.invoke(own)['pid']
    assert os.getpgid(pid) == pid, 'mends/child_processes.py: environments are not in a group of their own'
    cloud.client('lambda').delete_function(FunctionName=own)

    def gone() -> bool | None:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return None

    assert wait_for(gone)


def test_an_environment_without_work_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    import ministack.core.lambda_runtime as lambda_runtime

    from presage_local.mends import child_processes

    class Environment:
        def __init__(self, idle: float, in_use: bool) -> None:
            self.last_used, self.in_use = time.time() - idle, in_use

    old, busy, fresh = Environment(90, False), Environment(90, True), Environment(5, False)
    pool = {'a': [old, busy], 'b': [fresh], 'c': [Environment(90, False)]}
    ended: list[Environment] = []
    monkeypatch.setattr(lambda_runtime, '_workers', pool)
    monkeypatch.setattr(lambda_runtime, 'kill_workers', ended.extend)
    assert child_processes.end_idle(60) == 2, 'mends/child_processes.py: the pool of environments has moved'
    assert pool == {'a': [busy], 'b': [fresh]}
    assert old in ended
