"""The cloud's SageMaker with a bucket and a role, and one trained model for all tests that need one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud import Cloud
from tests.sagemaker.data import parquet, stages
from tests.sagemaker.endpoints import Endpoints
from tests.sagemaker.jobs import Sagemaker


@pytest.fixture(scope='session')
def sagemaker(cloud: Cloud) -> Sagemaker:
    return Sagemaker(cloud)


@pytest.fixture(scope='session')
def stage_job(sagemaker: Sagemaker) -> dict[str, Any]:
    """A completed AutoML job over three classes, with a validation channel."""
    return sagemaker.automl(
        sagemaker.folder(parquet(stages(700))),
        'stage',
        validation=sagemaker.folder(parquet(stages(200, seed=2))),
        table={'ProblemType': 'MulticlassClassification', 'CompletionCriteria': {'MaxCandidates': 2}},
        AutoMLJobObjective={'MetricName': 'F1macro'},
    )


@pytest.fixture(scope='session')
def stage_container(stage_job: dict[str, Any]) -> dict[str, Any]:
    """The container of its best candidate."""
    assert stage_job['AutoMLJobStatus'] == 'Completed', stage_job.get('FailureReason')
    container: dict[str, Any] = stage_job['BestCandidate']['InferenceContainers'][0]
    return container


@pytest.fixture(scope='module')
def endpoints(sagemaker: Sagemaker) -> Iterator[Endpoints]:
    """Endpoints of a test module's own, gone when it has ended."""
    with Endpoints(sagemaker) as helper:
        yield helper
