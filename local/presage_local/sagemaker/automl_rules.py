"""What AWS refuses of CreateAutoMLJobV2 beyond its service model, and what the local cloud does not offer."""

from typing import Any

from .engine.objectives import SUITABLE

PARQUET = 'x-application/vnd.amazon+parquet'
CSV = 'text/csv;header=present'
CONTENT_TYPES = (PARQUET, CSV)

# botocore names the five kinds of problem; the one offered here is the table.
_TABULAR = 'TabularJobConfig'


def problem_with(request: dict[str, Any]) -> str | None:
    """Why the request is refused, or None."""
    kinds = [name for name, value in request['AutoMLProblemTypeConfig'].items() if value is not None]
    if kinds != [_TABULAR]:
        return f'AutoMLProblemTypeConfig must be {_TABULAR}: the local cloud offers no {", ".join(kinds) or "other"}.'
    table = request['AutoMLProblemTypeConfig'][_TABULAR]
    return _channels(request) or _goal(request, table) or _mode(request, table)


def _channels(request: dict[str, Any]) -> str | None:
    types = [channel.get('ChannelType', 'training') for channel in request['AutoMLJobInputDataConfig']]
    if types.count('training') != 1 or len(set(types)) != len(types):
        return 'AutoMLJobInputDataConfig must have one training channel and at most one validation channel.'
    for channel in request['AutoMLJobInputDataConfig']:
        content = channel.get('ContentType', CSV).replace(' ', '')
        if content not in CONTENT_TYPES:
            return f'ContentType {content!r} is not one of {", ".join(CONTENT_TYPES)}.'
        source = channel.get('DataSource', {}).get('S3DataSource')
        if source is None:
            return 'Every channel needs a DataSource.'
        if source['S3DataType'] == 'AugmentedManifestFile':
            return 'S3DataType AugmentedManifestFile is not for tabular data.'
    fraction = request.get('DataSplitConfig', {}).get('ValidationFraction')
    if fraction is not None:
        if 'validation' in types:
            return 'DataSplitConfig.ValidationFraction and a validation channel exclude each other.'
        if not 0 < fraction < 1:
            return 'DataSplitConfig.ValidationFraction must lie between 0 and 1.'
    return None


def _goal(request: dict[str, Any], table: dict[str, Any]) -> str | None:
    problem, objective = table.get('ProblemType'), request.get('AutoMLJobObjective')
    if (problem is None) != (objective is None):
        return 'ProblemType and AutoMLJobObjective must be given together, or neither of them.'
    if problem and objective and objective['MetricName'] not in SUITABLE[problem]:
        valid = ', '.join(SUITABLE[problem])
        return f'Metric {objective["MetricName"]} is not valid for {problem}; valid metrics: {valid}.'
    if table.get('SampleWeightAttributeName') == table['TargetAttributeName']:
        return 'SampleWeightAttributeName must not be the target column.'
    return None


def _mode(request: dict[str, Any], table: dict[str, Any]) -> str | None:
    mode = table.get('Mode', 'AUTO')
    if table.get('SampleWeightAttributeName') and mode != 'ENSEMBLING':
        return 'SampleWeightAttributeName is only supported in ENSEMBLING mode.'
    if mode == 'HYPERPARAMETER_TUNING':
        return 'Mode HYPERPARAMETER_TUNING is not offered by the local cloud; use ENSEMBLING.'
    if table.get('GenerateCandidateDefinitionsOnly'):
        return 'GenerateCandidateDefinitionsOnly is not offered by the local cloud.'
    if request.get('ModelDeployConfig'):
        return 'ModelDeployConfig is not offered by the local cloud.'
    criteria = table.get('CompletionCriteria', {})
    whole, single = criteria.get('MaxAutoMLJobRuntimeInSeconds'), criteria.get('MaxRuntimePerTrainingJobInSeconds')
    if whole is not None and single is not None and single > whole:
        return 'MaxRuntimePerTrainingJobInSeconds must not be greater than MaxAutoMLJobRuntimeInSeconds.'
    return None
