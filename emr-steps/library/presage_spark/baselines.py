"""What naive guessers say of the holdout of a regression: the yardsticks a model has to beat.

They see what the model sees, the rows that train and validate, and answer with the mean of their labels, or with the
mean of those rows that agree with the row to guess in one column. A value that no training row has is answered with the
mean of all.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from presage_spark.split import Split


def with_baselines(split: Split, request: dict[str, Any]) -> tuple[DataFrame, list[str]]:
    """The holdout with a column per guesser, and their names. Request: "baselines": [{"name", "by": column | null}]."""
    guessers = request.get('baselines') or []
    held = split.side('holdout')
    if not guessers:
        return held, []
    label = F.col(f'`{request["label"]}`').cast('double')
    seen = split.side('train').unionByName(split.side('validation'))
    mean = F.lit(seen.agg(F.avg(label)).first()[0]).cast('double')
    for guesser in guessers:
        name, by = guesser['name'], guesser['by']
        if by is None:
            held = held.withColumn(name, mean)
            continue
        means = seen.groupBy(F.col(f'`{by}`').alias('_presage_value')).agg(F.avg(label).alias('_presage_mean'))
        joined = held.join(means, held[f'`{by}`'] == means['_presage_value'], 'left')
        held = joined.withColumn(name, F.coalesce('_presage_mean', mean)).drop('_presage_value', '_presage_mean')
    return held, [guesser['name'] for guesser in guessers]
