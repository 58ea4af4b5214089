"""SageMaker Runtime's InvokeEndpoint: a call to the container of an endpoint.

Errors as AWS has them: `ValidationError` for an endpoint that is not there, `ModelNotReadyException` (429) for one
that cannot answer yet, `ThrottlingException` above MaxConcurrency, `ModelError` (424) with the container's own status
and text for everything a container does wrong, its start included. Source: the API reference of InvokeEndpoint and
"Serverless Inference" of the developer guide (4 MB a call, 60 seconds).
"""

from ..rest import RestOperation
from ..service import Answer, get_account_id
from .containers import Reply
from .endpoint_models import answering
from .endpoints_api import endpoints
from .frame import AwsError, Request, arn, get_region
from .warm import Died, Replaced, StartFailure, Throttled, TookTooLong

_MAX_BYTES = 4 * 1024 * 1024
_VARIANT = 'x-Amzn-Invoked-Production-Variant'
# Members that mean something only for endpoints the local cloud does not have.
_NOT_OFFERED = ('TargetModel', 'TargetContainerHostname', 'InferenceComponentName', 'EnableExplanations', 'SessionId')
_TOO_LONG = (
    'Your invocation timed out while waiting for a response from container primary. Review the latency metrics for '
    'each container in Amazon CloudWatch, resolve the issue, and try again.'
)


def _model_error(endpoint: str, status: int, text: str) -> AwsError:
    side = 'client' if 400 <= status < 500 else 'server'
    console = f'https://{get_region()}.console.aws.amazon.com/cloudwatch/home?region={get_region()}'
    return AwsError(
        'ModelError',
        f'Received {side} error ({status}) from primary with message "{text}". See {console}#logEventViewer:group='
        f'/aws/sagemaker/Endpoints/{endpoint} in account {get_account_id()} for more information.',
        status=424,
        OriginalStatusCode=status,
        OriginalMessage=text,
    )


def _asked(request: Request) -> tuple[str, Reply]:
    """The variant that answered, and what its container said."""
    name = request['EndpointName']
    record = endpoints.get(name)
    if record is None or record['EndpointStatus'] == 'Failed':
        raise AwsError('ValidationError', f'Endpoint {name} of account {get_account_id()} not found.')
    found = answering(record)
    if found is None:
        raise AwsError('ModelNotReadyException', f'Endpoint {name} is still being provisioned.', status=429)
    variant, model = found
    if request.get('TargetVariant', variant) != variant:
        raise AwsError('ValidationError', f'{request["TargetVariant"]} is not a variant of endpoint {name}.')
    try:
        return variant, model.ask(request.get('Body', b''), request.get('ContentType', ''), request.get('Accept', ''))
    except Replaced:
        return _asked(request)
    except Throttled:
        raise AwsError('ThrottlingException', 'Rate exceeded', status=429) from None
    except TookTooLong:
        raise _model_error(name, 0, _TOO_LONG) from None
    except StartFailure as failure:
        raise _model_error(name, 500, str(failure)) from failure
    except Died:
        raise _model_error(name, 502, 'Bad Gateway: the process of the container ended') from None


def invoke(request: Request) -> Answer:
    """Pass the body on as it is, and the container's answer back."""
    unknown = [member for member in _NOT_OFFERED if member in request]
    if unknown:
        raise AwsError('ValidationError', f'{unknown[0]} is not offered by the local cloud.')
    size = len(request.get('Body', b''))
    if size > _MAX_BYTES:
        raise AwsError('ValidationError', f'The body has {size} bytes; a serverless endpoint takes {_MAX_BYTES}.')
    variant, reply = _asked(request)
    if not 200 <= reply.status < 300:
        raise _model_error(request['EndpointName'], reply.status, reply.body.decode('utf-8', 'replace'))
    # In small letters: MiniStack gives JSON under `Content-Type` the type of SageMaker's own protocol.
    return reply.status, {'content-type': reply.content_type, _VARIANT: variant}, reply.body


invocation = RestOperation(
    'sagemaker',
    'sagemaker-runtime',
    'InvokeEndpoint',
    invalid='ValidationError',
    resource=lambda request: arn('sagemaker', f'endpoint/{request["EndpointName"]}'),
    answer=invoke,
)
