"""The process of an AutoML job: stage the channels, search, upload the best model, report candidates."""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from . import s3files
from .child import FAILURE, JobFailure, report, run, write
from .containers import automl_image
from .engine import answers, automl, bundle
from .engine.objectives import OUT_OF_TIME, REGRESSION, objective_type
from .engine.problem import UnfitData
from .engine.search import Limits, Outcome, Trial
from .tables import channel

# Kept of the time limit for writing and uploading the model.
_RESERVE = 0.5
_TOO_SHORT = 'ClientError: MaxAutoMLJobRuntimeInSeconds was reached before any candidate was trained.'


def _features(s3: Any, uri: str | None) -> tuple[list[str] | None, dict[str, str]]:
    """A feature specification: {"FeatureAttributeNames": [...], "FeatureDataTypes": {name: type}}."""
    if not uri:
        return None, {}
    try:
        specification = json.loads(s3files.read(s3, uri))
        names = specification.get('FeatureAttributeNames')
        return names, dict(specification.get('FeatureDataTypes') or {})
    except (ValueError, AttributeError, TypeError) as error:
        raise JobFailure(f'ClientError: {uri} is no feature specification: {error}') from error


def _metric_entries(problem: str, trial: Trial) -> list[dict[str, Any]]:
    return [
        {'StandardMetricName': name, 'Value': value, 'Set': 'Validation'}
        | ({} if name == 'LogLoss' else {'MetricName': name})
        for name, value in trial.scores.items()
    ]


def _candidate(number: int, trial: Trial, problem: str, metric: str) -> dict[str, Any]:
    now = time.time()
    return {
        'CandidateName': f'{trial.name.replace("_", "-")}-t{number}',
        'FinalAutoMLJobObjectiveMetric': {
            'Type': objective_type(metric),
            'MetricName': metric,
            'StandardMetricName': metric,
            'Value': trial.value,
        },
        'ObjectiveStatus': 'Succeeded',
        'CandidateStatus': 'Completed',
        'CandidateSteps': [],
        'CreationTime': now - trial.seconds,
        'EndTime': now,
        'LastModifiedTime': now,
        'CandidateProperties': {'CandidateMetrics': _metric_entries(problem, trial)},
    }


class AutomlProcess:
    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.job: dict[str, Any] = spec['request']
        self.table: dict[str, Any] = self.job['AutoMLProblemTypeConfig']['TabularJobConfig']
        self.progress: dict[str, Any] = {'AutoMLJobSecondaryStatus': 'Starting', 'Candidates': []}
        self.s3 = s3files.client()

    def _step(self, secondary: str, **more: Any) -> None:
        self.progress.update(AutoMLJobSecondaryStatus=secondary, **more)
        report(self.progress)

    def _request(self) -> automl.Request:
        names, types = _features(self.s3, self.table.get('FeatureSpecificationS3Uri'))
        criteria = self.table.get('CompletionCriteria', {})
        left = self.spec['deadline'] - time.time() if self.spec.get('deadline') else float('inf')
        limits = Limits(
            time.monotonic() + left - _RESERVE,
            criteria.get('MaxRuntimePerTrainingJobInSeconds', float('inf')),
            criteria.get('MaxCandidates', 750),
            self.job.get('DataSplitConfig', {}).get('ValidationFraction'),
        )
        return automl.Request(
            self.job['AutoMLJobName'],
            self.table['TargetAttributeName'],
            self.table.get('ProblemType'),
            self.job.get('AutoMLJobObjective', {}).get('MetricName'),
            names,
            types,
            self.table.get('SampleWeightAttributeName'),
            limits,
        )

    def work(self) -> None:
        self._step('AnalyzingData')
        channels = {c.get('ChannelType', 'training'): c for c in self.job['AutoMLJobInputDataConfig']}
        tables = {name: channel(self.s3, config, Path('input', name)) for name, config in channels.items()}
        try:
            data = automl.prepare(self._request(), tables.pop('training'), tables.pop('validation', None))
        except UnfitData as error:
            raise JobFailure(f'ClientError: {error}') from error
        problem = data.target.problem
        self._step('TrainingModels', ProblemType=problem, Metric=data.metric)
        if self.spec['backend'] == 'autogluon':
            from .engine.autogluon import train_with_autogluon as train
        else:
            train = automl.train
        try:
            model, outcome = train(data, lambda trials: self._judged(trials, problem, data.metric))
        except UnfitData as error:
            raise JobFailure(f'ClientError: {error}') from error
        failures = [{'PartialFailureMessage': text[:1024]} for text in outcome.failures[:5]]
        if model is None:
            self._step(outcome.ended, PartialFailureReasons=failures)
            if outcome.ended == OUT_OF_TIME:
                raise JobFailure(_TOO_SHORT)
            raise JobFailure(f'AlgorithmError: every candidate failed: {"; ".join(outcome.failures)}')
        self._judged(outcome.trials, problem, data.metric)
        best = self._upload(model, outcome, problem)
        self._step(outcome.ended, BestCandidate=best, PartialFailureReasons=failures)

    def _judged(self, trials: list[Trial], problem: str, metric: str) -> None:
        listed = self.progress['Candidates']
        listed += [_candidate(n, t, problem, metric) for n, t in enumerate(trials, 1) if n > len(listed)]
        self._step('TrainingModels')

    def _upload(self, model: bundle.Model, outcome: Outcome, problem: str) -> dict[str, Any]:
        place = next(i for i, trial in enumerate(outcome.trials) if trial is outcome.best)
        best: dict[str, Any] = self.progress['Candidates'][place]
        folder = self.job['OutputDataConfig']['S3OutputPath'].rstrip('/')
        uri = (
            f'{folder}/{self.job["AutoMLJobName"]}/sagemaker-automl-candidates/model/'
            f'{best["CandidateName"]}/model.tar.gz'
        )
        path = Path('model.tar.gz')
        bundle.save(model, path)
        s3files.upload(self.s3, path, uri)
        environment = (
            {}
            if problem == REGRESSION
            else {
                'SAGEMAKER_INFERENCE_OUTPUT': 'predicted_label',
                'SAGEMAKER_INFERENCE_SUPPORTED': ','.join(answers.SUPPORTED),
            }
        )
        best['InferenceContainers'] = [
            {'Image': automl_image(self.spec['region']), 'ModelDataUrl': uri, 'Environment': environment}
        ]
        return best


def _watch(deadline: float | None) -> None:
    """A fit that cannot be interrupted must not outlive the time limit for long."""
    if not deadline:
        return

    def give_up() -> None:
        write(Path(FAILURE), _TOO_SHORT)
        os._exit(1)

    left = deadline - time.time()
    timer = threading.Timer(max(left, 0) * 1.5 + 30, give_up)
    timer.daemon = True
    timer.start()


def main(spec: dict[str, Any]) -> None:
    _watch(spec.get('deadline'))
    AutomlProcess(spec).work()


if __name__ == '__main__':
    run(main)
