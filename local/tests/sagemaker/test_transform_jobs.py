"""Models and batch transform over the running cloud."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import math
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud import wait_for
from tests.sagemaker.data import STAGES, records, stages
from tests.sagemaker.jobs import Sagemaker, fresh

OUTPUT = {'SAGEMAKER_INFERENCE_OUTPUT': 'predicted_label,probabilities,labels'}
# The key, then the three members of the answer, of a record of a key and seven features.
KEYED = {'InputFilter': '$[1:]', 'JoinSource': 'Input', 'OutputFilter': '$[0,8,9,10]'}


@pytest.fixture(scope='module')
def model(sagemaker: Sagemaker, stage_container: dict[str, Any]) -> str:
    return sagemaker.model(stage_container, **OUTPUT)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_every_record_comes_back_with_its_key_and_readable_probabilities(sagemaker: Sagemaker, model: str) -> None:
    table = stages(300, seed=9)
    request = sagemaker.transform_request(model, sagemaker.folder(records(table, 'stage'), 'a.csv'), **KEYED)
    job = sagemaker.transform(request)
    assert job['TransformJobStatus'] == 'Completed', job.get('FailureReason')
    answers = rows(sagemaker.outputs(request)['a.csv.out'])
    assert [row[0] for row in answers] == [f'm{i:05d}' for i in range(300)]
    right = 0
    for (_, label, probabilities, labels), truth in zip(answers, table['stage'].to_pylist(), strict=True):
        by_label = dict(zip(ast.literal_eval(labels), ast.literal_eval(probabilities), strict=True))
        assert set(by_label) == set(STAGES)
        assert math.isclose(sum(by_label.values()), 1, abs_tol=1e-6)
        assert max(by_label, key=lambda name: by_label[name]) == label
        right += label == truth
    assert right > 190  # the most frequent class alone would give about 180


def test_only_the_label_comes_back_unless_more_is_asked_for(
    sagemaker: Sagemaker, stage_container: dict[str, Any]
) -> None:
    source = sagemaker.folder(records(stages(5), 'stage'), 'a.csv')
    request = sagemaker.transform_request(sagemaker.model(stage_container), source, InputFilter='$[1:]')
    assert sagemaker.transform(request)['TransformJobStatus'] == 'Completed'
    answers = rows(sagemaker.outputs(request)['a.csv.out'])
    assert all(len(row) == 1 and row[0] in STAGES for row in answers)
    assert len(answers) == 5


def test_every_object_under_the_prefix_gets_an_output_of_its_name(sagemaker: Sagemaker, model: str) -> None:
    prefix = fresh('many')
    for name, count in (('x/part-0', 3), ('x/part-1', 4), ('y.csv', 2)):
        sagemaker.put(f'{prefix}/{name}', records(stages(count), 'stage'))
    request = sagemaker.transform_request(model, f's3://{sagemaker.bucket}/{prefix}/', **KEYED)
    assert sagemaker.transform(request)['TransformJobStatus'] == 'Completed'
    lines = {name: len(text.splitlines()) for name, text in sagemaker.outputs(request).items()}
    assert lines == {'x/part-0.out': 3, 'x/part-1.out': 4, 'y.csv.out': 2}


def test_gzip_input_is_unpacked_when_the_request_says_so(sagemaker: Sagemaker, model: str) -> None:
    packed = sagemaker.folder(gzip.compress(records(stages(4), 'stage')), 'a.csv.gz')
    request = sagemaker.transform_request(model, packed, **KEYED)
    request['TransformInput']['CompressionType'] = 'Gzip'
    assert sagemaker.transform(request)['TransformJobStatus'] == 'Completed'
    assert len(rows(sagemaker.outputs(request)['a.csv.gz.out'])) == 4


def test_an_empty_marker_file_under_the_prefix_fails_the_job(sagemaker: Sagemaker, model: str) -> None:
    source = sagemaker.folder(records(stages(3), 'stage'), 'a.csv')
    sagemaker.put(f'{source.removeprefix(f"s3://{sagemaker.bucket}/")}_SUCCESS', b'')
    job = sagemaker.transform(sagemaker.transform_request(model, source, **KEYED))
    assert job['TransformJobStatus'] == 'Failed'
    assert '_SUCCESS is empty' in job['FailureReason']


def test_a_wrong_number_of_columns_fails_the_job_and_the_good_files_are_kept(sagemaker: Sagemaker, model: str) -> None:
    source = sagemaker.folder(b'k,1,2\n', 'a.csv')
    sagemaker.put(f'{source.removeprefix(f"s3://{sagemaker.bucket}/")}b.csv', records(stages(3), 'stage'))
    request = sagemaker.transform_request(model, source, **KEYED)
    job = sagemaker.transform(request)
    assert job['TransformJobStatus'] == 'Failed'
    assert 'a.csv: the model takes records of 7 columns, record 1 has 2' in job['FailureReason']
    assert list(sagemaker.outputs(request)) == ['b.csv.out']


def test_an_empty_prefix_fails_the_job(sagemaker: Sagemaker, model: str) -> None:
    job = sagemaker.transform(sagemaker.transform_request(model, f's3://{sagemaker.bucket}/no-such/', **KEYED))
    assert 'No S3 objects found' in job['FailureReason']


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        ({'DataProcessing': {'InputFilter': '$[0:3]'}}, 'upper end'),
        ({'DataProcessing': {'OutputFilter': '$.id'}}, 'OutputFilter'),
        ({'DataProcessing': {'InputFilter': '$[' + ','.join(['10'] * 30) + ']'}}, 'InputFilter'),
        ({'MaxConcurrentTransforms': 20, 'MaxPayloadInMB': 6}, 'must not exceed 100'),
        ({'ModelName': 'nobody'}, 'Could not find model'),
        ({'TransformResources': {'InstanceType': 'ml.x9.huge', 'InstanceCount': 1}}, 'InstanceType'),
    ],
)
def test_a_request_aws_would_refuse_is_refused(
    sagemaker: Sagemaker, model: str, change: dict[str, Any], told: str
) -> None:
    request = sagemaker.transform_request(model, 's3://nowhere/') | change
    with pytest.raises(ClientError, match='ValidationException') as caught:
        sagemaker.client.create_transform_job(**request)
    assert told in str(caught.value)


def test_joining_needs_records_assembled_by_line(sagemaker: Sagemaker, model: str) -> None:
    request = sagemaker.transform_request(model, 's3://nowhere/', JoinSource='Input')
    del request['TransformOutput']['AssembleWith']
    with pytest.raises(ClientError, match='JoinSource'):
        sagemaker.client.create_transform_job(**request)


def test_a_transform_runs_as_the_model_s_role(sagemaker: Sagemaker, stage_container: dict[str, Any]) -> None:
    role = sagemaker.role_with('s3:GetObject', 's3:ListBucket')
    name = fresh('model')
    sagemaker.client.create_model(ModelName=name, PrimaryContainer=stage_container, ExecutionRoleArn=role)
    source = sagemaker.folder(records(stages(3), 'stage'), 'a.csv')
    job = sagemaker.transform(sagemaker.transform_request(name, source, InputFilter='$[1:]'))
    assert f'{role} is not authorized to perform: s3:PutObject' in job['FailureReason']


def test_a_stopped_transform_says_so(sagemaker: Sagemaker, model: str) -> None:
    source = sagemaker.folder(records(stages(60_000), 'stage'), 'a.csv')
    request = sagemaker.transform_request(model, source, **KEYED)
    sagemaker.client.create_transform_job(**request)
    sagemaker.client.stop_transform_job(TransformJobName=request['TransformJobName'])
    with pytest.raises(ClientError, match='ResourceInUse'):
        sagemaker.client.create_transform_job(**request)

    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.client.describe_transform_job(TransformJobName=request['TransformJobName'])
        return job if job['TransformJobStatus'] != 'Stopping' else None

    assert wait_for(look)['TransformJobStatus'] == 'Stopped'
    assert sagemaker.outputs(request) == {}


def test_a_model_with_an_image_nobody_has_is_refused(sagemaker: Sagemaker, stage_container: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match='not known to the local cloud'):
        sagemaker.model({**stage_container, 'Image': '1.dkr.ecr.eu-west-1.amazonaws.com/own:1'})


def test_a_model_whose_artefact_cannot_be_read_is_refused(
    sagemaker: Sagemaker, stage_container: dict[str, Any]
) -> None:
    missing = {**stage_container, 'ModelDataUrl': f's3://{sagemaker.bucket}/none/model.tar.gz'}
    with pytest.raises(ClientError, match='Could not access model data'):
        sagemaker.model(missing)
    with pytest.raises(ClientError, match='Could not access model data'):
        sagemaker.client.create_model(
            ModelName=fresh('model'), PrimaryContainer=stage_container, ExecutionRoleArn=sagemaker.role_with()
        )


def test_a_deleted_model_is_gone_and_its_name_free(sagemaker: Sagemaker, stage_container: dict[str, Any]) -> None:
    name = sagemaker.model(stage_container)
    again = {'ModelName': name, 'PrimaryContainer': stage_container, 'ExecutionRoleArn': sagemaker.role}
    with pytest.raises(ClientError, match='already existing model'):
        sagemaker.client.create_model(**again)
    listed = sagemaker.client.list_models(NameContains=name)['Models']
    assert [found['ModelName'] for found in listed] == [name]
    sagemaker.client.delete_model(ModelName=name)
    with pytest.raises(ClientError, match='Could not find model'):
        sagemaker.client.describe_model(ModelName=name)
    sagemaker.client.create_model(**again)
