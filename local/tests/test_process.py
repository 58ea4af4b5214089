"""The server as a process: what the CLI relies on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.cloud import LOCAL, Cloud, wait_for

SLEEPER = """
export const handler = async (event) => {
  if (event?.ms) await new Promise((done) => setTimeout(done, event.ms));
  return process.pid;
};
"""


def run(*args: str, timeout: float = 10) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, '-m', 'presage_local', *args],
        env={**os.environ, 'PYTHONPATH': str(LOCAL)},
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f'/proc/{pid}/stat').read_text().split()[2] != 'Z' if Path(f'/proc/{pid}').exists() else True


def test_the_ready_line_and_health_tell_where_it_is(cloud: Cloud) -> None:
    assert cloud.ready['ready'] is True
    assert cloud.ready['account'] == '000000000000'
    assert cloud.ready['region'] == 'eu-west-1'
    assert cloud.ready['pid'] == cloud.process.pid
    with urllib.request.urlopen(f'{cloud.endpoint}/_presage/health') as answer:
        health = json.loads(answer.read())
    assert health['jobs'] == 0
    assert health['version']
    assert Path(cloud.ready['log']).exists()


def test_what_was_made_is_there_after_a_restart(state: Path) -> None:
    with Cloud(state, services='') as cloud:
        cloud.client('s3').create_bucket(Bucket='kept', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
        cloud.client('s3').put_object(Bucket='kept', Key='a', Body=b'x')
        cloud.client('sns').create_topic(Name='kept')
        machine = cloud.machine({'StartAt': 'W', 'States': {'W': {'Type': 'Wait', 'Seconds': 60, 'End': True}}})
        running = cloud.client('stepfunctions').start_execution(stateMachineArn=machine)['executionArn']
        assert cloud.stop() == 0
        cloud = Cloud(state, services='')
        assert cloud.client('s3').get_object(Bucket='kept', Key='a')['Body'].read() == b'x'
        assert len(cloud.client('sns').list_topics()['Topics']) == 1
        ended = cloud.client('stepfunctions').describe_execution(executionArn=running)
        assert (ended['status'], ended['error']) == ('FAILED', 'States.ServiceRestart')
        cloud.stop()


def test_a_second_server_on_the_same_folder_is_refused(cloud: Cloud) -> None:
    refused = run('--state', str(cloud.state))
    assert refused.returncode == 3
    assert f'in use by another local cloud (process {cloud.process.pid})' in refused.stderr
    assert refused.stdout == ''


def test_a_port_in_use_is_told_in_one_line(state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        refused = run('--state', str(state), '--port', str(taken.getsockname()[1]))
    assert refused.returncode == 3
    assert refused.stderr.count('\n') == 1
    assert 'cannot be used' in refused.stderr


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('not a folder')
    refused = run('--state', str(tmp_path / 'file' / 'state'))
    assert refused.returncode == 4
    assert 'cannot be used' in refused.stderr


def test_a_folder_that_disappears_ends_the_server_and_its_children(state: Path) -> None:
    cloud = Cloud(state, services='')
    child = cloud.invoke(cloud.function(SLEEPER))
    shutil.rmtree(state)
    assert cloud.process.wait(8) == 4
    assert cloud.process.stderr is not None
    assert 'is gone or cannot be written' in cloud.process.stderr.read()
    assert not alive(child)
    assert not state.exists()
    cloud.stop()


@pytest.mark.parametrize('how', ['stdin', 'SIGTERM', 'SIGINT'])
def test_it_stops_within_five_seconds_and_leaves_no_child(state: Path, how: str) -> None:
    cloud = Cloud(state, services='')
    function = cloud.function(SLEEPER, timeout=60)
    child = cloud.invoke(function)
    cloud.client('lambda').invoke(FunctionName=function, Payload='{"ms":30000}', InvocationType='Event')
    begin = time.monotonic()
    if how == 'stdin':
        assert cloud.process.stdin is not None
        cloud.process.stdin.close()
    else:
        cloud.process.send_signal(getattr(signal, how))
    assert cloud.process.wait(8) == 0
    assert time.monotonic() - begin < 5
    assert not alive(child)
    cloud.stop()


def test_a_killed_server_leaves_no_child_and_nothing_of_what_it_had_not_saved(state: Path) -> None:
    here = {'LocationConstraint': 'eu-west-1'}
    cloud = Cloud(state, services='')
    child = cloud.invoke(cloud.function(SLEEPER))
    cloud.client('s3').create_bucket(Bucket='half', CreateBucketConfiguration=here)
    cloud.client('s3').put_object(Bucket='half', Key='a', Body=b'x')
    cloud.process.kill()
    cloud.process.wait()
    assert wait_for(lambda: True if not alive(child) else None, 5)
    cloud.stop()
    with Cloud(state, services='') as again:
        assert again.client('s3').list_buckets()['Buckets'] == []
        again.client('s3').create_bucket(Bucket='half', CreateBucketConfiguration=here)
        assert 'Contents' not in again.client('s3').list_objects_v2(Bucket='half')
