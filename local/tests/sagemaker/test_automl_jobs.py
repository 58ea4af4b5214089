"""AutoML jobs over the running cloud."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from tests.cloud import allow, wait_for
from tests.sagemaker.data import STAGES, buyers, parquet, prices, stages
from tests.sagemaker.jobs import Sagemaker, fresh

GOAL: dict[str, Any] = {
    'table': {'ProblemType': 'BinaryClassification', 'CompletionCriteria': {'MaxCandidates': 1}},
    'AutoMLJobObjective': {'MetricName': 'AUC'},
}


@pytest.fixture(scope='module')
def buyer_rows(sagemaker: Sagemaker) -> str:
    return sagemaker.folder(parquet(buyers(600)))


def refusal(sagemaker: Sagemaker, request: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as caught:
        sagemaker.client.create_auto_ml_job_v2(**request)
    error = caught.value.response['Error']
    return f'{error["Code"]}: {error["Message"]}'


def test_a_completed_job_names_its_best_candidate_and_where_its_model_is(
    sagemaker: Sagemaker, stage_job: dict[str, Any]
) -> None:
    best = stage_job['BestCandidate']
    container = best['InferenceContainers'][0]
    assert stage_job['AutoMLJobSecondaryStatus'] == 'MaxCandidatesReached'
    assert best['FinalAutoMLJobObjectiveMetric']['MetricName'] == 'F1macro'
    assert best['FinalAutoMLJobObjectiveMetric']['Value'] > 0.5
    assert container['ModelDataUrl'].startswith(f's3://{sagemaker.bucket}/automl/{stage_job["AutoMLJobName"]}/')
    assert sagemaker.keys(container['ModelDataUrl'].removeprefix(f's3://{sagemaker.bucket}/'))
    assert 'probabilities' in container['Environment']['SAGEMAKER_INFERENCE_SUPPORTED'].split(',')
    assert stage_job['EndTime'] > stage_job['CreationTime']


def test_the_candidates_of_a_job_are_listed_with_their_metrics(sagemaker: Sagemaker, stage_job: dict[str, Any]) -> None:
    listed = sagemaker.client.list_candidates_for_auto_ml_job(
        AutoMLJobName=stage_job['AutoMLJobName'], SortBy='FinalObjectiveMetricValue', SortOrder='Descending'
    )['Candidates']
    assert listed[0]['CandidateName'] == stage_job['BestCandidate']['CandidateName']
    assert len(listed) == 2
    assert {m['StandardMetricName'] for m in listed[0]['CandidateProperties']['CandidateMetrics']} >= {'Accuracy'}


def test_a_problem_nobody_named_is_resolved_from_csv_and_numbers_need_no_inference_output(sagemaker: Sagemaker) -> None:
    table = prices(520)
    lines = [','.join(table.column_names), *(','.join(map(str, row)) for row in zip(*table.columns, strict=True))]
    request = sagemaker.automl_request(
        sagemaker.folder('\n'.join(lines).encode(), 'rows.csv'),
        'price',
        table={'CompletionCriteria': {'MaxCandidates': 1}},
    )
    request['AutoMLJobInputDataConfig'][0]['ContentType'] = 'text/csv;header=present'
    sagemaker.client.create_auto_ml_job_v2(**request)
    job = sagemaker.automl_ended(request['AutoMLJobName'])
    resolved = job['ResolvedAttributes']
    assert resolved['AutoMLProblemTypeResolvedAttributes']['TabularResolvedAttributes'] == {'ProblemType': 'Regression'}
    assert resolved['AutoMLJobObjective'] == {'MetricName': 'MSE'}
    assert job['BestCandidate']['FinalAutoMLJobObjectiveMetric']['Type'] == 'Minimize'
    assert not job['BestCandidate']['InferenceContainers'][0].get('Environment')


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        ({'AutoMLJobObjective': None}, 'must be given together'),
        ({'AutoMLJobObjective': {'MetricName': 'F1macro'}}, 'F1macro is not valid for BinaryClassification'),
        ({'table': {**GOAL['table'], 'Mode': 'HYPERPARAMETER_TUNING'}}, 'not offered by the local cloud'),
        (
            {'table': {**GOAL['table'], 'Mode': 'AUTO', 'SampleWeightAttributeName': 'w'}},
            'only supported in ENSEMBLING',
        ),
        ({'AutoMLJobName': 'a' * 33}, 'AutoMLJobName'),
        ({'RoleArn': 'arn:aws:iam::000000000000:role/nobody'}, 'Could not assume role'),
    ],
)
def test_a_request_aws_would_refuse_is_refused(
    sagemaker: Sagemaker, buyer_rows: str, change: dict[str, Any], told: str
) -> None:
    request = sagemaker.automl_request(buyer_rows, 'bought', **{**GOAL, **change})
    request = {name: value for name, value in request.items() if value is not None}
    assert told in refusal(sagemaker, request)


def test_a_name_is_taken_for_ever_whatever_its_case(sagemaker: Sagemaker, stage_job: dict[str, Any]) -> None:
    request = sagemaker.automl_request('s3://nowhere/', 'y', AutoMLJobName=stage_job['AutoMLJobName'].upper())
    assert refusal(sagemaker, request).startswith('ResourceInUse')


def test_an_unknown_job_is_not_found(sagemaker: Sagemaker) -> None:
    with pytest.raises(ClientError, match='ResourceNotFound'):
        sagemaker.client.describe_auto_ml_job_v2(AutoMLJobName='nobody')


@pytest.mark.parametrize(
    ('content', 'target', 'reason'),
    [
        (parquet(stages(600).set_column(7, 'stage', pa.array([STAGES[0]] * 600))), 'stage', 'only one class'),
        (b'PAR1 and then nothing like it', 'stage', 'could not be read as x-application/vnd.amazon+parquet'),
    ],
    ids=['one class', 'corrupt'],
)
def test_training_data_that_is_no_use_fails_the_job_with_the_reason(
    sagemaker: Sagemaker, content: bytes, target: str, reason: str
) -> None:
    job = sagemaker.automl(sagemaker.folder(content), target)
    assert (job['AutoMLJobStatus'], job['AutoMLJobSecondaryStatus']) == ('Failed', 'Failed')
    assert reason in job['FailureReason']
    assert 'BestCandidate' not in job


def test_an_empty_prefix_fails_the_job(sagemaker: Sagemaker) -> None:
    job = sagemaker.automl(f's3://{sagemaker.bucket}/nothing-here/', 'y')
    assert 'No S3 objects found under S3 URL' in job['FailureReason']


@pytest.mark.parametrize(
    ('actions', 'missing'),
    [([], 's3:ListBucket'), (['s3:ListBucket', 's3:GetObject'], 's3:PutObject')],
)
def test_the_job_may_only_what_its_role_may(
    sagemaker: Sagemaker, buyer_rows: str, actions: list[str], missing: str
) -> None:
    role = sagemaker.role_with(*actions)
    job = sagemaker.automl(buyer_rows, 'bought', RoleArn=role, **GOAL)
    assert job['AutoMLJobStatus'] == 'Failed'
    assert f'{role} is not authorized to perform: {missing}' in job['FailureReason']


def test_a_limit_too_short_for_any_candidate_fails_the_job(sagemaker: Sagemaker, buyer_rows: str) -> None:
    table = {'CompletionCriteria': {'MaxAutoMLJobRuntimeInSeconds': 1}}
    job = sagemaker.automl(buyer_rows, 'bought', table=table)
    assert (job['AutoMLJobStatus'], job['AutoMLJobSecondaryStatus']) == ('Failed', 'MaxAutoMLJobRuntimeReached')


def test_stopping_a_job_ends_its_process(sagemaker: Sagemaker) -> None:
    request = sagemaker.automl_request(sagemaker.folder(parquet(stages(9000, features=60))), 'stage')
    name = request['AutoMLJobName']
    sagemaker.client.create_auto_ml_job_v2(**request)
    folder = sagemaker.cloud.state / 'work' / 'automl' / name
    wait_for(lambda: True if (folder / 'progress.json').exists() else None)
    sagemaker.client.stop_auto_ml_job(AutoMLJobName=name)
    job = sagemaker.automl_ended(name)
    assert (job['AutoMLJobStatus'], job['AutoMLJobSecondaryStatus']) == ('Stopped', 'Stopped')
    wait_for(lambda: None if folder.exists() else True)
    assert not processes_in(folder)
    with pytest.raises(ClientError, match='is in status Stopped'):
        sagemaker.client.stop_auto_ml_job(AutoMLJobName=name)


def processes_in(folder: Path) -> list[str]:
    """Command lines of processes whose specification is the job's (ps is everywhere, /proc is not)."""
    shown = subprocess.run(['ps', '-ww', '-eo', 'pid,args'], capture_output=True, text=True, check=True).stdout
    return [line for line in shown.splitlines() if str(folder) in line]


def test_jobs_are_listed_page_by_page_newest_first(sagemaker: Sagemaker) -> None:
    marker = fresh('p')[:8]
    for number in range(3):
        name = f'{marker}-{number}'
        sagemaker.client.create_auto_ml_job_v2(**sagemaker.automl_request('s3://nowhere/', 'y', AutoMLJobName=name))
        sagemaker.client.stop_auto_ml_job(AutoMLJobName=name)  # nobody waits for it
        time.sleep(0.01)
    listing = {'NameContains': marker, 'MaxResults': 2}
    first = sagemaker.client.list_auto_ml_jobs(**listing)
    second = sagemaker.client.list_auto_ml_jobs(**listing, NextToken=first['NextToken'])
    names = [job['AutoMLJobName'] for page in (first, second) for job in page['AutoMLJobSummaries']]
    assert names == [f'{marker}-{number}' for number in (2, 1, 0)]
    assert 'NextToken' not in second


def test_a_caller_may_only_touch_the_jobs_its_policy_names(sagemaker: Sagemaker, stage_job: dict[str, Any]) -> None:
    own = 'arn:aws:sagemaker:*:*:automl-job/mine-*'
    caller = sagemaker.cloud.role('lambda.amazonaws.com', allow('sagemaker:*', own))
    client = sagemaker.cloud.as_role('sagemaker', caller)
    with pytest.raises(ClientError, match='AccessDenied'):
        client.describe_auto_ml_job_v2(AutoMLJobName=stage_job['AutoMLJobName'])
    with pytest.raises(ClientError, match='ResourceNotFound'):
        client.describe_auto_ml_job_v2(AutoMLJobName='mine-1')
    request = sagemaker.automl_request('s3://nowhere/', 'y', AutoMLJobName='mine-2')
    with pytest.raises(ClientError, match='iam:PassRole'):
        client.create_auto_ml_job_v2(**request)
