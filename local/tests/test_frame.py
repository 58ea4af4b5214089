"""The frame for services of our own, without a server: validation, answers, stores and jobs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MODEL = {'ModelName': 'm', 'ExecutionRoleArn': 'arn:aws:iam::000000000000:role/r'}


@pytest.fixture
def frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv('PRESAGE_LOCAL_STATE', str(tmp_path))
    from presage_local import service

    return service


@pytest.fixture
def answer(frame: Any) -> Callable[[str, Any], tuple[int, dict[str, Any]]]:
    """A SageMaker with one operation; a function that asks it."""
    toy = frame.Service('toy', 'sagemaker')

    @toy.operation('CreateModel')
    def create(request: dict[str, Any]) -> dict[str, Any]:
        if request['ModelName'] == 'taken':
            raise frame.AwsError('ResourceInUse', 'The model exists.')
        if request['ModelName'] == 'broken':
            raise KeyError('nothing')
        return {'ModelArn': 'arn:aws:sagemaker:eu-west-1:000000000000:model/m', 'NotInTheShape': 1}

    def ask(operation: str, request: Any) -> tuple[int, dict[str, Any]]:
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        status, _headers, content = toy.answer(operation, body)
        return status, json.loads(content)

    return ask


def test_an_answer_holds_only_what_its_shape_knows(answer: Any) -> None:
    assert answer('CreateModel', MODEL) == (200, {'ModelArn': 'arn:aws:sagemaker:eu-west-1:000000000000:model/m'})


@pytest.mark.parametrize(
    ('request_', 'says'),
    [
        ({'ExecutionRoleArn': MODEL['ExecutionRoleArn']}, 'Missing required parameter in input: "ModelName"'),
        ({**MODEL, 'ModelName': 5}, 'Invalid type for parameter ModelName'),
        ({**MODEL, 'ModelName': 'x' * 64}, "at 'ModelName' failed to satisfy constraint: Member must have length"),
        ({**MODEL, 'ModelName': '-bad-'}, 'regular expression pattern'),
        ({**MODEL, 'InferenceExecutionConfig': {'Mode': 'Sideways'}}, "['Serial', 'Direct']"),
        ({**MODEL, 'Typo': 1}, 'Unknown parameter in input: "Typo"'),
    ],
)
def test_a_request_that_breaks_the_model_is_refused(answer: Any, request_: dict[str, Any], says: str) -> None:
    status, content = answer('CreateModel', request_)
    assert (status, content['__type']) == (400, 'ValidationException')
    assert says in content['message']


def test_what_is_not_implemented_or_unknown_is_an_error(answer: Any) -> None:
    status, content = answer('CreateEndpoint', {'EndpointName': 'e', 'EndpointConfigName': 'c'})
    assert (status, content['__type']) == (400, 'UnknownOperationException')
    assert content['message'] == 'CreateEndpoint is not implemented by the local cloud.'
    assert answer('Invent', {})[1]['__type'] == 'UnknownOperationException'
    assert answer('CreateModel', b'{')[1]['__type'] == 'SerializationException'


def test_errors_of_an_operation_are_answers(answer: Any) -> None:
    assert answer('CreateModel', {**MODEL, 'ModelName': 'taken'}) == (
        400,
        {'__type': 'ResourceInUse', 'message': 'The model exists.'},
    )
    status, content = answer('CreateModel', {**MODEL, 'ModelName': 'broken'})
    assert (status, content['__type']) == (500, 'InternalFailure')


def test_a_wrong_operation_name_is_noticed_when_it_is_registered(frame: Any) -> None:
    with pytest.raises(ValueError, match='no operation CreateModle'):
        frame.Service('toy', 'sagemaker').operation('CreateModle')


def test_a_store_keeps_records_by_account_and_region_over_a_restart(frame: Any) -> None:
    from ministack.core.responses import request_scope

    store = frame.Store('toy', 'things')
    with request_scope('000000000000', 'eu-west-1'):
        store['a'] = {'Name': 'a', 'CreationTime': 1.5}
    with request_scope('000000000000', 'us-east-1'):
        assert 'a' not in store
        assert len(store) == 0
    store.save()
    again = frame.Store('toy', 'things')
    with request_scope('000000000000', 'eu-west-1'):
        assert again['a'] == {'Name': 'a', 'CreationTime': 1.5}


def follow(frame: Any, record: dict[str, Any], work: Callable[[Any], None], **more: Any) -> Any:
    words = {'field': 'Status', 'running': 'InProgress', 'done': 'Completed', 'failed': 'Failed'}
    return frame.start_job(record, work, reason_field='FailureReason', **words, **more)


def test_a_record_follows_its_job(frame: Any) -> None:
    good: dict[str, Any] = {}
    bad: dict[str, Any] = {}

    def fail(_job: Any) -> None:
        raise ValueError('too few rows')

    for job in (follow(frame, good, lambda job: None), follow(frame, bad, fail)):
        job.thread.join(5)
    assert good == {'Status': 'Completed'}
    assert bad == {'Status': 'Failed', 'FailureReason': 'too few rows'}


def test_a_jobs_child_runs_with_its_environment_and_its_output_is_in_the_log(frame: Any) -> None:
    codes: list[int] = []

    def work(job: Any) -> None:
        folder = frame.work_dir('toy', 'one')
        code = 'import os, sys; print(os.environ["WHO"], "AWS_PROFILE" in os.environ); sys.exit(3)'
        codes.append(job.run([sys.executable, '-c', code], env={'WHO': 'me'}, cwd=folder, log=folder / 'log'))
        assert (folder / 'log').read_text() == 'me False\n'

    record: dict[str, Any] = {}
    follow(frame, record, work).thread.join(10)
    assert (record, codes) == ({'Status': 'Completed'}, [3])
    assert not (frame.state_dir() / 'work' / 'toy' / 'one').exists()


def test_a_failed_jobs_folder_stays_for_a_look(frame: Any) -> None:
    def work(_job: Any) -> None:
        frame.work_dir('toy', 'bad')
        raise ValueError('x')

    follow(frame, {}, work).thread.join(5)
    assert (frame.state_dir() / 'work' / 'toy' / 'bad').exists()


def test_stopping_a_job_ends_its_child_and_says_stopped(frame: Any) -> None:
    record: dict[str, Any] = {}
    codes: list[int] = []

    def work(job: Any) -> None:
        folder = frame.work_dir('toy', 'long')
        codes.append(
            job.run([sys.executable, '-c', 'import time; time.sleep(60)'], env={}, cwd=folder, log=folder / 'l')
        )

    job = follow(frame, record, work, stopped='Stopped')
    time.sleep(0.3)
    assert frame.job_of(record) is job
    job.stop()
    job.thread.join(5)
    assert record == {'Status': 'Stopped'}
    assert codes[0] < 0
    assert frame.job_of(record) is None


def test_a_job_cut_off_by_the_end_of_the_server_has_failed_at_the_next_start(frame: Any) -> None:
    store = frame.Store('toy', 'jobs')
    store['cut'] = {'Deep': {}}
    go = [False]

    def work(job: Any) -> None:
        while not go[0]:
            time.sleep(0.01)

    job = follow(frame, store['cut']['Deep'], work)
    store.save()
    go[0] = True
    job.thread.join(5)
    again = frame.Store('toy', 'jobs')
    assert again['cut']['Deep'] == {
        'Status': 'Failed',
        'FailureReason': 'The local cloud was stopped while the job ran',
    }
