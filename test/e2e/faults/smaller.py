"""Makes a small set of source tables out of the sample data, with its dirt: `smaller.py FROM TO`.

The members who answered the survey, and as many of the last snapshots as give more than 500 training rows. Prints
`{"runDate": …, "holdout": […]}`: the newest snapshot, and members with an answer near it who always gave the most
frequent one.
"""

import json
import sys
from pathlib import Path

import duckdb

SNAPSHOTS = 4
HOLDOUT = 60


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect()
    db.execute(f"CREATE TABLE survey AS FROM read_csv('{source}/survey.csv', all_varchar = true)")
    db.execute(f"COPY survey TO '{target}/survey.csv' (HEADER)")
    summaries = sorted(source.glob('consumer_summary_*.parquet'))
    (newest,) = one(db, f"SELECT max(snapshot_date) FROM '{summaries[-1]}'")
    for file in summaries:
        db.execute(
            f"""COPY (
              SELECT * FROM '{file}'
              WHERE (snapshot_date IS NULL OR snapshot_date > DATE '{newest}' - {SNAPSHOTS})
                AND (member_id IS NULL OR member_id IN (SELECT member_id FROM survey WHERE member_id IS NOT NULL))
            ) TO '{target}/{file.name}' (FORMAT parquet, COMPRESSION snappy)"""
        )
    (answer,) = one(db, 'SELECT mode(buyer_stage) FROM survey')
    rows = db.execute(
        f"""SELECT member_id FROM survey
        JOIN (SELECT DISTINCT member_id FROM '{target}/{summaries[-1].name}' WHERE snapshot_date = DATE '{newest}')
        USING (member_id)
        GROUP BY member_id
        HAVING bool_and(buyer_stage IS NOT DISTINCT FROM '{answer}')
          AND bool_or(abs(try_cast(survey_date AS date) - DATE '{newest}') <= 2)
        ORDER BY member_id LIMIT {HOLDOUT}"""
    ).fetchall()
    print(json.dumps({'runDate': str(newest), 'holdout': [member for (member,) in rows]}))


def one(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, ...]:
    row = db.execute(sql).fetchone()
    assert row
    return row


if __name__ == '__main__':
    main(Path(sys.argv[1]), Path(sys.argv[2]))
