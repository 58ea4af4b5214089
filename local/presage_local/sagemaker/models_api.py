"""CreateModel, DescribeModel, ListModels, DeleteModel."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ..service import Store, now, role_env, s3_as
from .containers import kind_of
from .frame import AwsError, Record, Request, arn, get_region, listed, page, service
from .s3files import split

models = Store('sagemaker', 'models')


def find_model(name: str) -> Record:
    """A model's record; ValidationException (AWS's code for this one) if there is none."""
    if name not in models:
        raise AwsError('ValidationException', f'Could not find model "{arn("sagemaker", f"model/{name}")}".')
    return models[name]


def containers_of(model: Record) -> list[dict[str, Any]]:
    """The model's containers in the order in which they are called."""
    return model.get('Containers') or [model['PrimaryContainer']]


def _check_container(container: dict[str, Any], role: str) -> None:
    if container.get('ModelPackageName'):
        raise AwsError('ValidationException', 'ModelPackageName in a container is not offered by the local cloud.')
    image = container.get('Image')
    if not image:
        raise AwsError('ValidationException', 'A container needs an Image.')
    if kind_of(image) is None:
        raise AwsError(
            'ValidationException',
            f'Image {image} is not known to the local cloud, which stands for autogluon-inference (the image of AutoML '
            'candidates) and sagemaker-scikit-learn.',
        )
    url = container.get('ModelDataUrl')
    if not url:
        raise AwsError('ValidationException', 'A container needs a ModelDataUrl.')
    bucket, key = split(url)
    try:
        s3_as(role_env(role, 'model')).head_object(Bucket=bucket, Key=key)
    except (ClientError, BotoCoreError) as error:
        raise AwsError(
            'ValidationException',
            f'Could not access model data at {url}. Please ensure that the role "{role}" exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
            f'is located in {get_region()}.',
        ) from error


@service.operation('CreateModel')
def create(request: Request) -> dict[str, Any]:
    """Register containers; their image must be known and their artefact readable by the model's role."""
    name, role = request['ModelName'], request.get('ExecutionRoleArn')
    given = request.get('Containers') or ([request['PrimaryContainer']] if request.get('PrimaryContainer') else [])
    if not given or (request.get('Containers') and request.get('PrimaryContainer')):
        raise AwsError('ValidationException', 'Give either PrimaryContainer or Containers.')
    if not role:
        raise AwsError('ValidationException', 'ExecutionRoleArn is needed to read ModelDataUrl.')
    for container in given:
        _check_container(container, role)
    with models.lock:
        if name in models:
            raise AwsError(
                'ValidationException', f'Cannot create already existing model "{arn("sagemaker", f"model/{name}")}".'
            )
        models[name] = {**request, 'ModelArn': arn('sagemaker', f'model/{name}'), 'CreationTime': now()}
        return models[name]


@service.operation('DescribeModel')
def describe(request: Request) -> dict[str, Any]:
    """The containers of a model and its role."""
    return find_model(request['ModelName'])


@service.operation('ListModels')
def list_models(request: Request) -> dict[str, Any]:
    """AWS's default order is the newest first."""
    return page('Models', listed(models.values(), request, name='ModelName'))


@service.operation('DeleteModel')
def delete(request: Request) -> None:
    """Forget the model; its artefact in S3 stays."""
    find_model(request['ModelName'])
    del models[request['ModelName']]
