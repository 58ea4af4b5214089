"""AutoML's kinds of problem, objective metrics and ends of a search under SageMaker's names.

Source of what suits which: "Metrics and validation" of the SageMaker Autopilot developer guide. The server imports
this at its start, and therefore no NumPy.
"""

BINARY = 'BinaryClassification'
MULTICLASS = 'MulticlassClassification'
REGRESSION = 'Regression'

SUITABLE: dict[str, tuple[str, ...]] = {
    BINARY: ('Accuracy', 'AUC', 'BalancedAccuracy', 'F1', 'Precision', 'Recall'),
    MULTICLASS: ('Accuracy', 'BalancedAccuracy', 'F1macro', 'PrecisionMacro', 'RecallMacro'),
    REGRESSION: ('MAE', 'MSE', 'R2', 'RMSE'),
}
DEFAULT_METRIC = {BINARY: 'F1', MULTICLASS: 'Accuracy', REGRESSION: 'MSE'}
# Secondary statuses of a search that ended before its list did.
OUT_OF_TIME, ENOUGH = 'MaxAutoMLJobRuntimeReached', 'MaxCandidatesReached'
MINIMIZED = frozenset({'MAE', 'MSE', 'RMSE', 'LogLoss'})


def objective_type(metric: str) -> str:
    """AWS's word for the direction of a metric: `Minimize` or `Maximize`."""
    return 'Minimize' if metric in MINIMIZED else 'Maximize'


def goodness(metric: str, value: float) -> float:
    """The value with its sign turned so that more is better, whatever the metric."""
    return -value if metric in MINIMIZED else value
