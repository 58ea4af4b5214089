"""The container of AutoML's models: CSV records without a header in, the members it was told to answer as CSV out.

As AWS's, it takes the features in the order of training and knows no names; text where a number belongs is a missing
value. It answers `text/csv` whatever the caller would rather have, or refuses.
"""

import io
import traceback
from pathlib import Path

from .child import JobFailure
from .containers import Reply
from .engine import answers, bundle
from .engine.scoring import BadRecord, Processing, Scorer

CSV = 'text/csv'
_MEGABYTE = 1024 * 1024
_MAX_RECORD = 6 * _MEGABYTE  # InvokeEndpoint's own limit


def automl_scorer(path: Path, environment: dict[str, str], processing: Processing, limit: int) -> Scorer:
    """Start the container. JobFailure if the archive or SAGEMAKER_INFERENCE_OUTPUT is not one it knows."""
    try:
        model = bundle.load(path)
        names = answers.wanted(environment)
    except (bundle.BrokenModel, answers.UnknownOutput) as error:
        raise JobFailure(f'ClientError: the model container did not start: {error}') from error
    numeric = [feature.kind == 'number' for feature in model.encoder.features]
    return Scorer(lambda columns: answers.answer(model, model.predict(columns), names), numeric, processing, limit)


def media_type(header: str) -> str:
    """`text/csv` of `text/csv; charset=utf-8`."""
    return header.split(';')[0].strip().lower()


class AutomlContainer:
    """The container behind an endpoint: what a transform job answers without filters, call by call."""

    def __init__(self, path: Path, environment: dict[str, str]) -> None:
        self.scorer = automl_scorer(path, environment, Processing(), _MAX_RECORD)

    def respond(self, body: bytes, content_type: str, accept: str) -> Reply:
        """415 and 406 for types other than CSV, 400 for records the model cannot take, 500 for a fault."""
        if media_type(content_type) != CSV:
            return Reply.text(415, f'Content type {content_type or "(none)"} is not supported. Use {CSV}.')
        if accept and not any(media_type(one) in (CSV, 'text/*', '*/*') for one in accept.split(',')):
            return Reply.text(406, f'Accept type {accept} is not supported. Use {CSV}.')
        out = io.BytesIO()
        try:
            self.scorer.run(io.BytesIO(body), out)
        except BadRecord as error:
            return Reply.text(400, str(error))
        except Exception as error:
            traceback.print_exc()
            return Reply.text(500, f'{type(error).__name__}: {error}')
        return Reply(200, f'{CSV}; charset=utf-8', out.getvalue())
