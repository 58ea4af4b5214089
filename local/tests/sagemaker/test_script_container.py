"""The scikit-learn container's own functions, where a script brings none."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from presage_local.sagemaker.script_container import Script


class Doubling:
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return rows.sum(axis=-1) * 2


@pytest.fixture
def script(tmp_path: Path) -> Script:
    module = ModuleType('inference')
    module.model_fn = lambda _folder: Doubling()  # type: ignore[attr-defined]
    return Script(module, tmp_path)


@pytest.mark.parametrize(
    ('body', 'content_type', 'accept', 'found', 'found_type'),
    [
        (b'1,2\n3,4\n', 'text/csv', 'text/csv', b'6.0\n14.0\n', 'text/csv; charset=utf-8'),
        (b'[[1, 2], [3, 4]]', 'application/json', 'application/json', b'[6.0, 14.0]', 'application/json'),
        (b'[[1, 2]]', '', '', b'[6.0]', 'application/json'),
        (b'1,2\n3,4\n', 'text/csv', '*/*', b'[6.0, 14.0]', 'application/json'),
    ],
)
def test_csv_and_json_are_known_and_who_says_nothing_means_json(
    script: Script, body: bytes, content_type: str, accept: str, found: bytes, found_type: str
) -> None:
    reply = script.respond(body, content_type, accept)
    assert (reply.status, reply.body, reply.content_type) == (200, found, found_type)


def test_other_types_are_refused_by_the_status_that_says_which(script: Script) -> None:
    assert script.respond(b'<a/>', 'application/xml', 'text/csv').status == 415
    assert script.respond(b'1,2\n3,4\n', 'text/csv', 'application/xml').status == 406


def test_an_output_function_that_names_no_type_answers_html(script: Script) -> None:
    script.module.output_fn = lambda prediction, _accept: str(len(prediction))  # type: ignore[attr-defined]
    reply = script.respond(b'1,2\n3,4\n', 'text/csv', 'text/csv')
    assert (reply.body, reply.content_type) == (b'2', 'text/html; charset=utf-8')
