"""The kinds of models the pipelines ask for beyond three classes: balanced classes, and a script's regression."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.sagemaker.data import buyers, parquet, prices
from tests.sagemaker.jobs import Sagemaker, fresh
from tests.sagemaker.test_training_jobs import IMAGE, trained

CODE = {
    'train.py': """
import json, os, pathlib, pickle
import pyarrow.dataset as dataset
import package

told = json.loads(os.environ['SM_HPS'])
table = dataset.dataset(os.environ['SM_CHANNEL_TRAIN']).to_table()
held = dataset.dataset(os.environ['SM_CHANNEL_VALIDATION']).to_table()
if table.schema.names != [*told['features'], told['label']]:
    raise SystemExit(f'the columns are {table.schema.names}')
model = package.version(told['version']).train(table, told)
error = float(((package.matrix(held, told) @ model - held[told['label']].to_numpy()) ** 2).mean())
pathlib.Path(os.environ['SM_MODEL_DIR'], 'model.pkl').write_bytes(pickle.dumps(model))
print(json.dumps({'validation_mse': error}))
""",
    'package.py': """
import importlib
import numpy as np

def version(name):
    return importlib.import_module(name)

def matrix(table, told):
    return np.column_stack([table[name].to_numpy() for name in told['features']])
""",
    'v2/__init__.py': """
import package
from sklearn.linear_model import LinearRegression

def train(table, told):
    return LinearRegression(fit_intercept=False).fit(package.matrix(table, told), table[told['label']].to_numpy()).coef_
""",
    'inference.py': """
import io, os, pathlib, pickle
import numpy as np

def model_fn(folder):
    return pickle.loads(pathlib.Path(folder, 'model.pkl').read_bytes())

def input_fn(body, content_type):
    return np.loadtxt(io.StringIO(body), delimiter=',', ndmin=2)

def predict_fn(rows, model):
    return rows @ model

def output_fn(answers, accept):
    return ''.join(f'{float(answer)!r}\\n' for answer in answers), accept
""",
}


def packed(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.fixture(scope='module')
def price_job(sagemaker: Sagemaker) -> dict[str, Any]:
    """A completed training with the request the product makes for a script model."""
    code = sagemaker.put(f'{fresh("code")}/sourcedir.tar.gz', packed(CODE))
    told = {
        'sagemaker_program': 'train.py',
        'sagemaker_submit_directory': code,
        'sagemaker_region': 'eu-west-1',
        'version': 'v2',
        'label': 'price',
        'features': ['size', 'rooms'],
        'problem': 'regression',
        'objective': 'MSE',
    }
    channels = {'train': prices(300), 'validation': prices(100, seed=2)}
    request = {
        'TrainingJobName': fresh('training'),
        'AlgorithmSpecification': {
            'TrainingImage': IMAGE,
            'TrainingInputMode': 'File',
            'MetricDefinitions': [{'Name': 'validation_mse', 'Regex': '"validation_mse": ([0-9.eE+-]+)'}],
        },
        'HyperParameters': {name: json.dumps(value) for name, value in told.items()},
        'InputDataConfig': [
            {
                'ChannelName': name,
                'ContentType': 'application/x-parquet',
                'CompressionType': 'None',
                'InputMode': 'File',
                'DataSource': {
                    'S3DataSource': {
                        'S3DataType': 'S3Prefix',
                        'S3Uri': sagemaker.folder(parquet(rows)),
                        'S3DataDistributionType': 'FullyReplicated',
                    }
                },
            }
            for name, rows in channels.items()
        ],
        'OutputDataConfig': {'S3OutputPath': f's3://{sagemaker.bucket}/training/'},
        'ResourceConfig': {'InstanceType': 'ml.m5.large', 'InstanceCount': 1, 'VolumeSizeInGB': 30},
        'StoppingCondition': {'MaxRuntimeInSeconds': 60},
        'RoleArn': sagemaker.role,
    }
    job = trained(sagemaker, request)
    assert job['TrainingJobStatus'] == 'Completed', job.get('FailureReason')
    return job


def test_a_script_learns_from_parquet_channels_what_its_hyper_parameters_name(price_job: dict[str, Any]) -> None:
    metric = price_job['FinalMetricDataList'][0]
    assert metric['MetricName'] == 'validation_mse'
    assert 50 < metric['Value'] < 200  # the noise has a variance of 100


def test_a_script_answers_a_transform_with_one_number_beside_key_label_and_naive_guesses(
    sagemaker: Sagemaker, price_job: dict[str, Any]
) -> None:
    model = sagemaker.model(
        {'Image': IMAGE, 'ModelDataUrl': price_job['ModelArtifacts']['S3ModelArtifacts']},
        SAGEMAKER_PROGRAM='inference.py',
        SAGEMAKER_SUBMIT_DIRECTORY=json.loads(price_job['HyperParameters']['sagemaker_submit_directory']),
        SAGEMAKER_REGION='eu-west-1',
        SAGEMAKER_CONTAINER_LOG_LEVEL='20',
    )
    # Two key columns, label, two guesses, two features.
    source = sagemaker.folder(b'"k,1",Tablet,380.5,300.25,290,100,4\nk2,Computer,0,300.25,310,20,1\n', 'part-0.csv')
    request = sagemaker.transform_request(
        model, source, InputFilter='$[5:]', JoinSource='Input', OutputFilter='$[0,1,2,3,4,7]'
    )
    job = sagemaker.transform(request)
    assert job['TransformJobStatus'] == 'Completed', job.get('FailureReason')
    first, second = csv.reader(io.StringIO(sagemaker.outputs(request)['part-0.csv.out']))
    assert first[:5] == ['k,1', 'Tablet', '380.5', '300.25', '290']
    assert float(first[5]) == pytest.approx(3 * 100 + 20 * 4, abs=5)
    assert float(second[5]) == pytest.approx(3 * 20 + 20, abs=5)


def test_weights_that_balance_the_classes_make_the_rare_one_likelier_and_are_no_feature(sagemaker: Sagemaker) -> None:
    def weighted(table: pa.Table) -> bytes:
        bought = table['bought'].to_numpy()
        count = np.bincount(bought)
        return parquet(table.append_column('sample_weight', pa.array((len(bought) / (2 * count))[bought])))

    job = sagemaker.automl(
        sagemaker.folder(weighted(buyers(900))),
        'bought',
        validation=sagemaker.folder(weighted(buyers(300, seed=2))),
        table={
            'ProblemType': 'BinaryClassification',
            'SampleWeightAttributeName': 'sample_weight',
            'CompletionCriteria': {'MaxCandidates': 2},
        },
        AutoMLJobObjective={'MetricName': 'AUC'},
    )
    assert job['AutoMLJobStatus'] == 'Completed', job.get('FailureReason')
    best = job['BestCandidate']
    assert best['FinalAutoMLJobObjectiveMetric']['MetricName'] == 'AUC'
    assert best['FinalAutoMLJobObjectiveMetric']['Value'] > 0.75

    unseen = buyers(1000, seed=7)
    rows = zip(unseen['visits'].to_pylist(), unseen['days'].to_pylist(), strict=True)
    source = sagemaker.folder(''.join(f'm{i},{a},{b}\n' for i, (a, b) in enumerate(rows)).encode(), 'part-0.csv')
    model = sagemaker.model(best['InferenceContainers'][0], SAGEMAKER_INFERENCE_OUTPUT='probabilities,labels')
    request = sagemaker.transform_request(
        model, source, InputFilter='$[1:]', JoinSource='Input', OutputFilter='$[0,3,4]'
    )
    assert sagemaker.transform(request)['TransformJobStatus'] == 'Completed'
    answers = csv.reader(io.StringIO(sagemaker.outputs(request)['part-0.csv.out']))
    likely = [
        float(probabilities.strip('[]').split(', ')[labels.strip('[]').replace("'", '').split(', ').index('1')])
        for _, probabilities, labels in answers
    ]
    share = float(np.mean(unseen['bought'].to_numpy()))
    assert share < 0.25
    assert np.mean(likely) > share + 0.15
