"""SageMaker of the local cloud: AutoML, models, batch transform, script-mode training, model registry, endpoints.

`engine` does the work on arrays and files; `*_process` are the jobs' own processes, which run as the job's role;
`*_api` answer the operations. Importing this package loads none of them: a job's process must start fast.

There are no switches that fake a failure; each has a natural cause. An AutoML job fails on a corrupt training object,
fewer than 500 rows, one class, a role that may not read or write S3, or `MaxAutoMLJobRuntimeInSeconds` of 1. A
transform fails on an empty object (`_SUCCESS`) or a wrong number of columns. A training job fails with its script. An
endpoint fails, or goes back to its former model, when the artefact is gone or the script's model_fn raises.
"""


def mount() -> None:
    """Register every operation and put the service in its place."""
    # Each module registers its operations when it is imported.
    from . import automl_api, endpoint_configs_api, models_api, registry_api, training_api, transform_api  # noqa: F401
    from .endpoint_models import watch_idle
    from .frame import service
    from .runtime_api import invocation

    service.mount()
    invocation.mount()
    watch_idle()
