"""The container images the local cloud can stand for, how to recognise them, and what one answers to a call."""

import re
from dataclasses import dataclass

# AWS's registry of deep-learning images in most regions; AutoML's ENSEMBLING mode serves its models with this one.
_AUTOML_REGISTRY = '763104351884'
_AUTOML = re.compile(r'(?:[^/]+/)?autogluon-inference(?::[\w.-]+|@sha256:[0-9a-f]{64})?')
_SCIKIT_LEARN = re.compile(r'(?:[^/]+/)?sagemaker-scikit-learn(?::[\w.-]+|@sha256:[0-9a-f]{64})?')

# Where the files of a container lie in the folder of its process.
MODEL, CODE = 'model/model.tar.gz', 'ml/sourcedir.tar.gz'
AUTOML, SCIKIT_LEARN = 'automl', 'scikit-learn'


def automl_image(region: str) -> str:
    """The image a best candidate names here. Its tag says that the model was made locally: AWS could not load it."""
    return f'{_AUTOML_REGISTRY}.dkr.ecr.{region}.amazonaws.com/autogluon-inference:presage-local'


def kind_of(image: str) -> str | None:
    """AUTOML or SCIKIT_LEARN, or None for an image the local cloud has no engine for."""
    if _AUTOML.fullmatch(image):
        return AUTOML
    return SCIKIT_LEARN if _SCIKIT_LEARN.fullmatch(image) else None


@dataclass(frozen=True)
class Reply:
    """A container's answer to one request: an HTTP status, the type of the body, the body."""

    status: int
    content_type: str
    body: bytes

    @classmethod
    def text(cls, status: int, message: str) -> 'Reply':
        """A plain message, for refusals."""
        return cls(status, 'text/plain; charset=utf-8', message.encode())
