from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make_datasets as script
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from spark_testing import data_files, location

from presage_spark.errors import DatasetError, QueryError

MEMBERS = [f'm{i:02}' for i in range(60)]
DAYS = ['2026-01-01', '2026-01-02']
SETS = ('train', 'validation', 'holdout', 'inference')
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def make(spark: SparkSession, tmp_path: Path) -> Make:
    """Runs the script on 60 members with two labelled days each; keyword arguments change the request."""
    columns = {
        'member_id': [m for m in MEMBERS for _ in DAYS],
        'day': DAYS * len(MEMBERS),
        'visits': pa.array([9_007_199_254_740_993 + i for i in range(120)], pa.int64()),
        'dwell': [i / 3 for i in range(120)],
        'stage': ['Dreamer' if i % 4 else 'Ready, "now"' for i in range(120)],
    }
    pq.write_table(pa.table(columns), tmp_path / 'rows.parquet')
    types = {'member_id': 'varchar', 'day': 'date', 'visits': 'bigint', 'dwell': 'double', 'stage': 'varchar'}

    def run(**changes: Any) -> dict[str, Any]:
        request = {
            'runDate': '2026-01-02',
            'views': [
                {
                    'name': 'answers',
                    'format': 'parquet',
                    'columns': types,
                    'location': location(tmp_path / 'rows.parquet'),
                }
            ],
            'training': {'sql': 'SELECT member_id, day, visits, dwell, stage FROM answers'},
            'inference': {'sql': 'SELECT member_id, visits, dwell FROM answers WHERE day = :run_date'},
            'trainingKey': ['member_id', 'day'],
            'key': ['member_id'],
            'entity': ['member_id'],
            'features': ['dwell', 'visits'],
            'label': 'stage',
            'classes': ['Dreamer', 'Ready, "now"'],
            'holdout': {'percent': 20},
            'datasets': {name: location(tmp_path / name) for name in SETS},
            'scratch': location(tmp_path / 'scratch'),
            'report': location(tmp_path / 'report'),
        }
        return script.make_datasets(spark, {**request, **changes})

    return run


def csv_rows(folder: Path) -> list[list[str]]:
    return [row for path in data_files(folder) for row in csv.reader(path.open(newline=''))]


def digest(text: str, nth: int) -> int:
    """The split as the documentation states it, in another language than the script's."""
    return int(hashlib.md5(text.encode()).hexdigest()[8 * nth : 8 * nth + 8], 16) % 100


def test_members_are_dealt_out_by_their_hash_and_sets_have_the_columns_sagemaker_wants(
    make: Make, tmp_path: Path
) -> None:
    report = make()
    held = [m for m in MEMBERS if digest(m, 0) < 20]
    validating = [m for m in MEMBERS if m not in held and digest(m, 1) < 20]
    training = 60 - len(held) - len(validating)
    assert {name: report[f'{name}Rows'] for name in SETS} == {
        'train': 2 * training,
        'validation': 2 * len(validating),
        'holdout': 2 * len(held),
        'inference': 60,
    }

    holdout = csv_rows(tmp_path / 'holdout')
    assert [row[0] for row in holdout] == [m for m in held for _ in DAYS]
    first = 2 * MEMBERS.index(held[0])
    assert holdout[1] == [held[0], '2026-01-02', 'Dreamer', str((first + 1) / 3), str(9_007_199_254_740_994 + first)]
    inference = csv_rows(tmp_path / 'inference')
    assert inference[1] == ['m01', '1.0', '9007199254740996']
    assert [float(row[1]) for row in inference] == [(2 * i + 1) / 3 for i in range(60)]

    train = ds.dataset(tmp_path / 'train').to_table()
    assert train.schema.names == ['dwell', 'visits', 'stage']
    assert train.schema.types == [pa.float64(), pa.int64(), pa.string()]
    ready = sum(m not in held for m in MEMBERS[::2])
    assert report['classes'] == {'Dreamer': 2 * (60 - len(held)) - ready, 'Ready, "now"': ready}
    names = [path.name for name in SETS for path in data_files(tmp_path / name)]
    assert names and all(name.startswith('part-') for name in names)
    assert not (tmp_path / 'scratch').exists()


def test_the_same_request_gives_the_same_files(make: Make, tmp_path: Path) -> None:
    make()
    before = [path.read_bytes() for name in SETS for path in data_files(tmp_path / name)]
    make()
    assert [path.read_bytes() for name in SETS for path in data_files(tmp_path / name)] == before


def test_large_sets_come_in_pieces_and_stay_in_order(make: Make, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(script, 'PIECE_BYTES', 600)
    monkeypatch.setattr(script, 'ONE_TASK_ROWS', 10)
    make()
    pieces = data_files(tmp_path / 'inference')
    assert len(pieces) > 2
    assert all(path.stat().st_size < 800 for path in pieces)
    assert [row[0] for row in csv_rows(tmp_path / 'inference')] == MEMBERS


def test_no_labelled_row_leaves_empty_prefixes_and_is_judged_by_others(make: Make, tmp_path: Path) -> None:
    report = make(training={'sql': 'SELECT * FROM answers WHERE 1 = 0'})
    assert (report['trainRows'], report['holdoutRows'], report['inferenceRows']) == (0, 0, 60)
    assert report['classes'] == {'Dreamer': 0, 'Ready, "now"': 0}
    assert data_files(tmp_path / 'holdout') == []


def test_a_holdout_file_by_the_training_key_replaces_the_hash_and_validation_follows_by_row(
    make: Make, tmp_path: Path
) -> None:
    (tmp_path / 'holdout.csv').write_text(
        'snapshot,member_id,day\n1,m00,2026-01-01\n2,m01,2026-01-02\n2,m01,2026-01-02\n3,m00,2025-01-01\n4,zz,2026-01-01\n'
    )
    report = make(inference=None, holdoutFile={'format': 'csv', 'location': location(tmp_path / 'holdout.csv')})
    assert [row[:2] for row in csv_rows(tmp_path / 'holdout')] == [['m00', '2026-01-01'], ['m01', '2026-01-02']]
    assert (report['holdoutRows'], report['holdoutUnmatched'], report['holdoutByRow']) == (2, 2, True)
    assert report['trainRows'] + report['validationRows'] == 118
    assert report['notices'] == [
        'Columns of the holdout file that are not read: snapshot',
        'The holdout file puts some member_id on both sides: validation rows are drawn by row too',
    ]
    rest = [f'{m}\x1f{d}' for m in MEMBERS for d in DAYS if f'{m}{d}' not in ('m002026-01-01', 'm012026-01-02')]
    assert report['validationRows'] == sum(digest(key, 1) < 20 for key in rest)


def test_a_holdout_file_may_name_entities(make: Make, tmp_path: Path) -> None:
    pq.write_table(pa.table({'member_id': MEMBERS[:5]}), tmp_path / 'holdout.parquet')
    report = make(inference=None, holdoutFile={'format': 'parquet', 'location': location(tmp_path / 'holdout.parquet')})
    assert {row[0] for row in csv_rows(tmp_path / 'holdout')} == set(MEMBERS[:5])
    assert (report['holdoutRows'], report['holdoutByRow'], report['notices']) == (10, False, [])


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('member\na\n', 'The holdout file lacks member_id, day: it names labelled rows by member_id, day or by'),
        ('member_id,day\nm00,1.1.2026\n', "day has 1 value.s. that are no date, for example '1.1.2026'"),
        ('member_id,day\nzz,2026-01-01\n', 'None of the 1 rows of the holdout file names a labelled row'),
    ],
)
def test_a_holdout_file_that_cannot_be_used_is_refused(make: Make, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / 'holdout.csv').write_text(text)
    with pytest.raises(DatasetError, match=said):
        make(holdoutFile={'format': 'csv', 'location': location(tmp_path / 'holdout.csv')})


@pytest.mark.parametrize(
    ('dwell', 'stage', 'said'),
    [
        ('IF(visits % 2 = 0, NULL, dwell)', 'stage', r'60 of the 120 training rows .* dwell \(60 rows\)'),
        ("DOUBLE(IF(visits % 2 = 0, 'NaN', '-Infinity'))", 'stage', r'dwell \(120 rows\)'),
        ('dwell', "IF(day = '2026-01-01', 'a\nb', stage)", r'a text with a line end\): stage \(60 rows\)'),
        (
            'dwell',
            "IF(dwell < 1, 'Casual Searcher', stage)",
            r"stage has values that are no class: 'Casual Searcher' \(3 rows\); the classes are Dreamer, Ready",
        ),
    ],
)
def test_values_that_no_model_can_read_are_refused(make: Make, dwell: str, stage: str, said: str) -> None:
    sql = f'SELECT member_id, day, visits, {dwell} AS dwell, {stage} AS stage FROM answers'
    with pytest.raises(DatasetError, match=said):
        make(training={'sql': sql})


def test_two_rows_for_one_key_are_refused_and_nothing_is_left_of_the_work(make: Make, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match='The inference query gives 120 rows for 60 different member_id'):
        make(inference={'sql': 'SELECT member_id, visits, dwell FROM answers'})
    assert not (tmp_path / 'scratch').exists()


def test_all_missing_columns_of_a_query_are_named(make: Make) -> None:
    with pytest.raises(QueryError, match='training: the query lacks day, dwell, stage'):
        make(training={'sql': 'SELECT member_id, visits FROM answers'})


def test_balanced_classes_weigh_the_same_in_all_and_the_holdout_stays_as_it_is(make: Make, tmp_path: Path) -> None:
    report = make(inference=None, weight='sample_weight')
    trained = pa.concat_tables([ds.dataset(tmp_path / side).to_table() for side in ('train', 'validation')])
    assert trained.schema.names == ['dwell', 'visits', 'stage', 'sample_weight']
    sums = dict.fromkeys(report['classes'], 0.0)
    for stage, weight in zip(*(trained[name].to_pylist() for name in ('stage', 'sample_weight')), strict=True):
        sums[stage] += weight
        assert weight == pytest.approx(trained.num_rows / (2 * report['classes'][stage]))
    assert list(sums.values()) == pytest.approx([trained.num_rows / 2] * 2)
    assert len(csv_rows(tmp_path / 'holdout')[0]) == 5


def test_a_feature_that_is_called_like_the_weights_is_refused(make: Make) -> None:
    with pytest.raises(DatasetError, match='visits is the name of the column of weights'):
        make(inference=None, weight='visits')


def test_the_holdout_of_a_regression_says_what_means_of_the_training_rows_would_guess(
    make: Make, tmp_path: Path
) -> None:
    columns = "IF(member_id = 'm00', -1, visits % 3) AS visits, visits / 7 AS stage"
    sql = f'SELECT member_id, day, dwell, {columns} FROM answers'
    guessers = [{'name': 'baseline_mean', 'by': None}, {'name': 'baseline_mean_by_visits', 'by': 'visits'}]
    (tmp_path / 'holdout.csv').write_text('member_id\nm00\nm01\nm02\n')
    held = {'format': 'csv', 'location': location(tmp_path / 'holdout.csv')}
    make(inference=None, training={'sql': sql}, classes=None, baselines=guessers, holdoutFile=held)
    seen = pa.concat_tables([ds.dataset(tmp_path / side).to_table() for side in ('train', 'validation')])
    assert seen.schema.names == ['dwell', 'visits', 'stage']

    def mean(of: list[float]) -> float:
        return sum(of) / len(of)

    rows = list(zip(*(seen[name].to_pylist() for name in ('visits', 'stage')), strict=True))
    overall = mean([stage for _, stage in rows])
    for member, _, _, guess, by_visits, _, visits in csv_rows(tmp_path / 'holdout'):
        agreeing = [stage for value, stage in rows if str(value) == visits]
        assert float(guess) == pytest.approx(overall)
        assert float(by_visits) == pytest.approx(overall if member == 'm00' else mean(agreeing))


def test_a_holdout_file_may_name_rows_by_columns_of_its_own(make: Make, tmp_path: Path) -> None:
    (tmp_path / 'holdout.csv').write_text('day\n2026-01-02\n')
    held = {'format': 'csv', 'location': location(tmp_path / 'holdout.csv')}
    report = make(inference=None, holdoutKey=['day'], holdoutFile=held)
    assert {row[1] for row in csv_rows(tmp_path / 'holdout')} == {'2026-01-02'}
    assert (report['holdoutRows'], report['holdoutByRow']) == (60, True)


def test_a_run_that_only_trains_makes_no_rows_to_predict(make: Make, tmp_path: Path) -> None:
    report = make(inference=None)
    assert report['inferenceRows'] == 0
    assert report['trainRows'] > 0
    assert not (tmp_path / 'inference').exists()
