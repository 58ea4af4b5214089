"""InvokeEndpoint: what a container answers, and how what it does wrong comes back."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud import Cloud, allow, wait_for
from tests.sagemaker.data import records, stages
from tests.sagemaker.endpoints import Endpoints
from tests.sagemaker.jobs import Sagemaker

OUTPUT = {'SAGEMAKER_INFERENCE_OUTPUT': 'predicted_label,probability,probabilities,labels'}


@pytest.fixture(scope='module')
def script(endpoints: Endpoints) -> str:
    """An endpoint that answers its input, one call at a time."""
    return endpoints.create(endpoints.config(endpoints.script(), 'echo', calls=1))


@pytest.fixture(scope='module')
def stage_endpoint(endpoints: Endpoints, sagemaker: Sagemaker, stage_container: dict[str, Any]) -> str:
    """An endpoint of the model of three classes."""
    return endpoints.create(endpoints.config(sagemaker.model(stage_container, **OUTPUT), 'stages'))


def refused(endpoints: Endpoints, **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        endpoints.runtime.invoke_endpoint(**request)
    answer: dict[str, Any] = caught.value.response
    return answer


def test_an_endpoint_answers_what_a_transform_of_the_same_model_answers(
    endpoints: Endpoints, sagemaker: Sagemaker, stage_container: dict[str, Any], stage_endpoint: str
) -> None:
    keyed = records(stages(20, seed=9), 'stage')
    model = sagemaker.model(stage_container, **OUTPUT)
    request = sagemaker.transform_request(model, sagemaker.folder(keyed, 'a.csv'), InputFilter='$[1:]')
    assert sagemaker.transform(request)['TransformJobStatus'] == 'Completed'
    bare = ''.join(line.partition(',')[2] for line in keyed.decode().splitlines(keepends=True))
    assert endpoints.call(stage_endpoint, bare) == ('stages', sagemaker.outputs(request)['a.csv.out'])


@pytest.mark.parametrize(
    ('body', 'content_type', 'accept', 'status', 'told'),
    [
        ('1,2', 'text/csv', 'text/csv', 400, 'records of 7 columns, record 1 has 2'),
        ('', 'text/csv', 'text/csv', 400, 'empty'),
        ('{}', 'application/json', 'text/csv', 415, 'Content type application/json'),
        ('1,2', 'text/csv', 'application/json', 406, 'Accept type application/json'),
    ],
)
def test_what_the_model_cannot_take_is_an_error_of_the_model(
    endpoints: Endpoints, stage_endpoint: str, body: str, content_type: str, accept: str, status: int, told: str
) -> None:
    answer = refused(endpoints, EndpointName=stage_endpoint, Body=body, ContentType=content_type, Accept=accept)
    assert answer['Error']['Code'] == 'ModelError'
    assert answer['Error']['Message'].startswith(f'Received client error ({status}) from primary with message "')
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 424
    assert answer['OriginalStatusCode'] == status
    assert told in answer['OriginalMessage']


def test_a_script_answers_in_the_type_it_says(endpoints: Endpoints, script: str) -> None:
    answer = endpoints.runtime.invoke_endpoint(
        EndpointName=script, Body='{}', ContentType='application/json', Accept='application/json'
    )
    assert answer['ContentType'] == 'application/json'
    assert answer['InvokedProductionVariant'] == 'echo'
    assert answer['Body'].read() == b'{}'


def test_calls_are_answered_by_one_warm_process(endpoints: Endpoints, script: str) -> None:
    assert len({endpoints.call(script, 'pid')[1] for _ in range(3)}) == 1


def test_a_script_that_raises_is_an_error_of_the_model_and_the_next_call_is_answered(
    endpoints: Endpoints, script: str
) -> None:
    answer = refused(endpoints, EndpointName=script, Body='raise', ContentType='text/csv')
    assert (answer['Error']['Code'], answer['OriginalStatusCode']) == ('ModelError', 500)
    assert answer['OriginalMessage'] == 'ValueError: no luck today'
    assert endpoints.call(script, 'hello')[1] == 'hello'


def test_a_container_that_dies_is_started_again(endpoints: Endpoints, script: str) -> None:
    before = endpoints.call(script, 'pid')[1]
    answer = refused(endpoints, EndpointName=script, Body='die', ContentType='text/csv')
    assert (answer['Error']['Code'], answer['OriginalStatusCode']) == ('ModelError', 502)
    assert endpoints.call(script, 'pid')[1] != before


def test_more_calls_at_once_than_max_concurrency_are_throttled(
    endpoints: Endpoints, script: str, tmp_path: Path
) -> None:
    busy = tmp_path / 'busy'
    busy.touch()
    answers: list[str] = []
    slow = threading.Thread(target=lambda: answers.append(endpoints.call(script, str(busy))[1]))
    slow.start()
    wait_for(lambda: busy.read_text() or None, 30)
    answer = refused(endpoints, EndpointName=script, Body='hello', ContentType='text/csv')
    busy.unlink()
    slow.join()
    assert answer['Error']['Code'] == 'ThrottlingException'
    assert answers == [str(busy)]


def test_an_endpoint_that_is_not_there_is_a_validation_error(endpoints: Endpoints) -> None:
    answer = refused(endpoints, EndpointName='nobody', Body='1')
    assert answer['Error'] == {
        'Code': 'ValidationError',
        'Message': 'Endpoint nobody of account 000000000000 not found.',
    }
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 400


def test_another_variant_than_the_endpoint_has_is_refused(endpoints: Endpoints, script: str) -> None:
    answer = refused(endpoints, EndpointName=script, Body='1', TargetVariant='other')
    assert answer['Error']['Code'] == 'ValidationError'


def test_a_role_may_invoke_only_the_endpoints_it_names(
    endpoints: Endpoints, sagemaker: Sagemaker, script: str, stage_endpoint: str
) -> None:
    only = f'arn:aws:sagemaker:eu-west-1:000000000000:endpoint/{script}'
    role = sagemaker.cloud.role('lambda.amazonaws.com', allow('sagemaker:InvokeEndpoint', only))
    runtime = sagemaker.cloud.as_role('sagemaker-runtime', role)
    asked = {'Body': 'hello', 'ContentType': 'text/csv', 'Accept': 'text/csv'}
    assert runtime.invoke_endpoint(EndpointName=script, **asked)['Body'].read() == b'hello'
    with pytest.raises(ClientError, match=r'AccessDenied.*sagemaker:InvokeEndpoint'):
        runtime.invoke_endpoint(EndpointName=stage_endpoint, **asked)


def test_endpoints_end_when_idle_and_with_the_server_and_answer_again_after_a_restart(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('PRESAGE_LOCAL_ENDPOINT_IDLE_SECONDS', '1')
    with Cloud(state, services='sagemaker') as cloud:
        endpoints = Endpoints(Sagemaker(cloud))
        name = endpoints.create(endpoints.config(endpoints.script(), 'kept'))
        first = int(endpoints.call(name, 'pid')[1])
        wait_for(lambda: None if endpoints.alive(first) else True, 30)
        second = int(endpoints.call(name, 'pid')[1])
        assert endpoints.client.describe_endpoint(EndpointName=name)['EndpointStatus'] == 'InService'
    assert second != first
    assert not endpoints.alive(second)
    with Cloud(state, services='sagemaker') as cloud:
        answer = cloud.client('sagemaker-runtime').invoke_endpoint(
            EndpointName=name, Body='hello', ContentType='text/csv', Accept='text/csv'
        )
        assert (answer['InvokedProductionVariant'], answer['Body'].read()) == ('kept', b'hello')
