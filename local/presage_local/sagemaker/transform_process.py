"""The process of a batch transform: every object under the prefix through the model, one output object each."""

import os
from pathlib import Path
from typing import Any

from . import s3files
from .child import JobFailure, run
from .containers import AUTOML, kind_of
from .engine.filters import parse
from .engine.scoring import BadRecord, Processing, Scorer

_DEFAULT_PAYLOAD_MB = 6
_MEGABYTE = 1024 * 1024


def _scorer(s3: Any, spec: dict[str, Any], limit: int) -> Scorer:
    container = spec['container']
    path = s3files.download(s3, container['ModelDataUrl'], Path('model', 'model.tar.gz'))
    environment = container.get('Environment', {}) | spec['request'].get('Environment', {})
    told = spec['request'].get('DataProcessing', {})
    processing = Processing(
        parse(told.get('InputFilter')), parse(told.get('OutputFilter')), told.get('JoinSource') == 'Input'
    )
    if kind_of(container['Image']) == AUTOML:
        from .automl_container import automl_scorer

        return automl_scorer(path, environment, processing, limit)
    from .script_transform import script_scorer

    alone = spec['request'].get('BatchStrategy') == 'SingleRecord'
    return script_scorer(path, environment, processing, limit, one_by_one=alone)


def main(spec: dict[str, Any]) -> None:
    request = spec['request']
    given, wanted = request['TransformInput'], request['TransformOutput']
    limit = (request.get('MaxPayloadInMB') or _DEFAULT_PAYLOAD_MB) * _MEGABYTE
    s3 = s3files.client()
    found = s3files.objects(s3, given['DataSource']['S3DataSource'])
    empty = next((item for item in found if item.size == 0), None)
    if empty:
        raise JobFailure(
            f'ClientError: {empty.uri} is empty. Every object whose key begins with the prefix is an input of the job.'
        )
    scorer = _scorer(s3, spec, limit)
    bad: list[str] = []
    for number, item in enumerate(found):
        gzipped = given.get('CompressionType') == 'Gzip'
        source = s3files.download(s3, item.uri, Path('input', str(number)), gzipped=gzipped)
        if given.get('SplitType', 'None') == 'None' and source.stat().st_size > limit:
            raise JobFailure(f'ClientError: {item.uri} is larger than MaxPayloadInMB and SplitType is None')
        result = Path('output', str(number))
        result.parent.mkdir(exist_ok=True)
        try:
            with source.open('rb') as records, result.open('wb') as out:
                count = scorer.run(records, out)
        except BadRecord as error:
            # As on AWS: a bad file has no output, the job goes on with the others and fails at the end.
            bad.append(f'{item.uri}: {error}')
            print(bad[-1], flush=True)
            continue
        source.unlink()
        s3files.upload(s3, result, f'{wanted["S3OutputPath"].rstrip("/")}/{item.name}.out')
        result.unlink()
        print(f'{item.uri}: {count} records', flush=True)
    if bad:
        raise JobFailure(f'ClientError: See job logs for more information. {bad[0]}')


if __name__ == '__main__':
    os.environ.setdefault('OMP_WAIT_POLICY', 'passive')
    run(main)
