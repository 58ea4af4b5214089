"""Script-mode training and batch transform of the model it made."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from presage_local.sagemaker.training_process import arguments
from tests.cloud import wait_for
from tests.sagemaker.jobs import Sagemaker, fresh

IMAGE = '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'

SCRIPT = """
import argparse, csv, io, json, math, os, pathlib, time

def model_fn(folder):
    with open(os.path.join(folder, 'slope.json')) as file:
        return json.load(file)

def input_fn(body, content_type):
    return list(csv.reader(io.StringIO(body)))

def predict_fn(rows, model):
    return [(row[0], 1 / (1 + math.exp(-model * (float(row[1]) - float(row[2]))))) for row in rows]

def output_fn(answers, accept):
    return ''.join(f'"{key}, seen",{p:.6f}\\n' for key, p in answers)

if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--rounds', type=int)
    parser.add_argument('--mode', default='')
    parser.add_argument('--train', default=os.environ['SM_CHANNEL_TRAIN'])
    parser.add_argument('--model-dir', default=os.environ['SM_MODEL_DIR'])
    told = parser.parse_args()
    if told.mode == 'fail':
        raise ValueError('no luck today')
    if told.mode == 'sleep':
        print('sleeping', flush=True)
        time.sleep(60)
    rows = [line.split(',') for part in sorted(pathlib.Path(told.train).rglob('*.csv')) for line in part.open()]
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    values = np.array(rows, dtype=float)
    gap = values[:, :1] - values[:, 1:2]
    model = LogisticRegression(max_iter=told.rounds).fit(gap, values[:, -1])
    pathlib.Path(told.model_dir, 'slope.json').write_text(json.dumps(float(model.coef_[0, 0])))
    pathlib.Path(os.environ['SM_OUTPUT_DATA_DIR'], 'hps.json').write_text(os.environ['SM_HPS'])
    print(f'accuracy={model.score(gap, values[:, -1]):.3f}')
"""


def archive(**files: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as packed:
        for name, text in files.items():
            entry = tarfile.TarInfo(name.replace('__', '.'))
            entry.size = len(text.encode())
            packed.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def rows(count: int) -> bytes:
    """Two numbers, and whether the first is the greater."""
    pairs = [((7 * i) % 11, (5 * i) % 13) for i in range(count)]
    return ''.join(f'{a},{b},{int(a > b)}\n' for a, b in pairs).encode()


@pytest.fixture(scope='module')
def code(sagemaker: Sagemaker) -> str:
    return sagemaker.put(f'{fresh("code")}/sourcedir.tar.gz', archive(train__py=SCRIPT))


@pytest.fixture(scope='module')
def channel(sagemaker: Sagemaker) -> str:
    return sagemaker.folder(rows(300), 'a.csv')


def request_for(sagemaker: Sagemaker, code: str, channel: str, **parameters: Any) -> dict[str, Any]:
    told = {'sagemaker_program': 'train.py', 'sagemaker_submit_directory': code, 'rounds': 20, **parameters}
    return {
        'TrainingJobName': fresh('training'),
        'AlgorithmSpecification': {
            'TrainingImage': IMAGE,
            'TrainingInputMode': 'File',
            'MetricDefinitions': [{'Name': 'accuracy', 'Regex': r'accuracy=([\d.]+)'}],
        },
        'HyperParameters': {name: json.dumps(value) for name, value in told.items()},
        'RoleArn': sagemaker.role,
        'InputDataConfig': [
            {
                'ChannelName': 'train',
                'DataSource': {'S3DataSource': {'S3DataType': 'S3Prefix', 'S3Uri': channel}},
            }
        ],
        'OutputDataConfig': {'S3OutputPath': f's3://{sagemaker.bucket}/training'},
        'ResourceConfig': {'InstanceType': 'ml.m5.large', 'InstanceCount': 1, 'VolumeSizeInGB': 5},
        'StoppingCondition': {'MaxRuntimeInSeconds': 60},
    }


def ended(sagemaker: Sagemaker, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.client.describe_training_job(TrainingJobName=name)
        return job if job['TrainingJobStatus'] not in ('InProgress', 'Stopping') else None

    return wait_for(look, 40)


def trained(sagemaker: Sagemaker, request: dict[str, Any]) -> dict[str, Any]:
    sagemaker.client.create_training_job(**request)
    return ended(sagemaker, request['TrainingJobName'])


def script_model(sagemaker: Sagemaker, data: str, code: str) -> str:
    container = {'Image': IMAGE, 'ModelDataUrl': data}
    return sagemaker.model(container, SAGEMAKER_PROGRAM='train.py', SAGEMAKER_SUBMIT_DIRECTORY=code)


@pytest.fixture(scope='module')
def done(sagemaker: Sagemaker, code: str, channel: str) -> dict[str, Any]:
    job = trained(sagemaker, request_for(sagemaker, code, channel))
    assert job['TrainingJobStatus'] == 'Completed', job.get('FailureReason')
    return job


def test_the_script_s_model_outputs_and_metrics_are_kept(sagemaker: Sagemaker, done: dict[str, Any]) -> None:
    folder = f'training/{done["TrainingJobName"]}/output'
    assert done['ModelArtifacts']['S3ModelArtifacts'] == f's3://{sagemaker.bucket}/{folder}/model.tar.gz'
    assert sagemaker.keys(folder) == [f'{folder}/model.tar.gz', f'{folder}/output.tar.gz']
    packed = sagemaker.s3.get_object(Bucket=sagemaker.bucket, Key=f'{folder}/output.tar.gz')['Body'].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as content:
        file = content.extractfile('hps.json')
        assert file is not None
        assert json.load(file) == {'rounds': 20}
    assert done['FinalMetricDataList'][0]['Value'] > 0.9
    assert [step['Status'] for step in done['SecondaryStatusTransitions']] == [
        'Starting',
        'Downloading',
        'Training',
        'Uploading',
        'Completed',
    ]


def test_the_model_is_served_by_the_script_s_own_functions(
    sagemaker: Sagemaker, code: str, done: dict[str, Any]
) -> None:
    model = script_model(sagemaker, done['ModelArtifacts']['S3ModelArtifacts'], code)
    source = sagemaker.folder(b'x,007,9,1\ny,008,1,9\n', 'a.csv')
    request = sagemaker.transform_request(
        model, source, InputFilter='$[1:]', JoinSource='Input', OutputFilter='$[0,4,5]'
    )
    job = sagemaker.transform(request)
    assert job['TransformJobStatus'] == 'Completed', job.get('FailureReason')
    first, second = csv.reader(io.StringIO(sagemaker.outputs(request)['a.csv.out']))
    assert (first[:2], second[:2]) == (['x', '007, seen'], ['y', '008, seen'])
    assert float(first[2]) > 0.9 > 0.1 > float(second[2])


def test_a_model_without_its_program_does_not_start(sagemaker: Sagemaker, done: dict[str, Any]) -> None:
    url = done['ModelArtifacts']['S3ModelArtifacts']
    model = sagemaker.model({'Image': IMAGE, 'ModelDataUrl': url})
    job = sagemaker.transform(sagemaker.transform_request(model, sagemaker.folder(b'x,1,2\n', 'a.csv')))
    assert 'SAGEMAKER_PROGRAM is not set' in job['FailureReason']


def test_a_script_that_raises_fails_the_job_with_its_last_words(sagemaker: Sagemaker, code: str, channel: str) -> None:
    job = trained(sagemaker, request_for(sagemaker, code, channel, mode='fail'))
    assert (job['TrainingJobStatus'], job['SecondaryStatus']) == ('Failed', 'Failed')
    assert 'ExecuteUserScriptError' in job['FailureReason']
    assert 'no luck today' in job['FailureReason']
    assert '--mode fail --rounds 20' in job['FailureReason']


def test_a_script_past_its_time_is_stopped(sagemaker: Sagemaker, code: str, channel: str) -> None:
    request = request_for(sagemaker, code, channel, mode='sleep')
    request['StoppingCondition'] = {'MaxRuntimeInSeconds': 1}
    job = trained(sagemaker, request)
    assert (job['TrainingJobStatus'], job['SecondaryStatus']) == ('Stopped', 'MaxRuntimeExceeded')


def test_stopping_a_training_job_ends_the_script(sagemaker: Sagemaker, code: str, channel: str) -> None:
    request = request_for(sagemaker, code, channel, mode='sleep')
    name = request['TrainingJobName']
    sagemaker.client.create_training_job(**request)
    folder = sagemaker.cloud.state / 'work' / 'training' / name
    wait_for(lambda: True if (folder / 'ml' / 'script.log').exists() else None)
    sagemaker.client.stop_training_job(TrainingJobName=name)
    job = ended(sagemaker, name)
    assert (job['TrainingJobStatus'], job['SecondaryStatus']) == ('Stopped', 'Stopped')
    wait_for(lambda: None if folder.exists() else True)


def test_packages_are_not_installed_for_a_script(sagemaker: Sagemaker, channel: str) -> None:
    code = sagemaker.put(
        f'{fresh("code")}/sourcedir.tar.gz', archive(train__py=SCRIPT, requirements__txt='numpy==1.0\n')
    )
    job = trained(sagemaker, request_for(sagemaker, code, channel))
    assert 'does not install packages' in job['FailureReason']


def test_the_job_may_only_what_its_role_may(sagemaker: Sagemaker, code: str, channel: str) -> None:
    request = request_for(sagemaker, code, channel) | {'RoleArn': sagemaker.role_with()}
    assert 'is not authorized to perform: s3:ListBucket' in trained(sagemaker, request)['FailureReason']


def test_an_image_nobody_has_is_refused(sagemaker: Sagemaker, code: str, channel: str) -> None:
    request = request_for(sagemaker, code, channel)
    request['AlgorithmSpecification']['TrainingImage'] = '1.dkr.ecr.eu-west-1.amazonaws.com/xgboost:1'
    with pytest.raises(ClientError, match='not known to the local cloud'):
        sagemaker.client.create_training_job(**request)


def test_hyper_parameters_become_a_sorted_command_line() -> None:
    assert arguments({'rate': 0.1, 'a': 'x', 'deep': True}) == ['-a', 'x', '--deep', 'True', '--rate', '0.1']
