"""The tables of reorder as one would write them with pandas; prints {"seconds": …, "processorSeconds": …}.

Reading and writing are included.

    python reorder_pandas.py DATA OUT

DATA holds a folder of CSV files for each source, OUT gets `<table>/part.parquet`. The same work as the queries in
lib/pipelines/reorder/sql on the same rows, one plain step after the other.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd


def source(data: Path, name: str, key: list[str]) -> pd.DataFrame:
    """All rows with a key, each key once."""
    rows = pd.concat(
        [pd.read_csv(file) for file in sorted((data / name).iterdir())],
        ignore_index=True,
    )
    rows = rows.dropna(subset=key).astype(dict.fromkeys(key, 'int64'))
    others = [name for name in rows.columns if name not in key]
    return rows.sort_values(others).drop_duplicates(key)


def history(orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    prior = orders[(orders['eval_set'] == 'prior') & orders['user_id'].notna()]
    return prior.merge(lines, on='order_id').astype({'user_id': 'int64'})


def user_features_1(orders: pd.DataFrame) -> pd.DataFrame:
    known = orders.dropna(subset=['user_id']).astype({'user_id': 'int64'})
    users = known.groupby('user_id')
    days = users['days_since_prior_order']
    return pd.DataFrame(
        {
            'user_orders': users['order_number'].max(),
            'user_period': days.sum(min_count=1),
            'user_mean_days_since_prior': days.mean(),
        }
    ).reset_index()


def user_features_2(prior: pd.DataFrame) -> pd.DataFrame:
    users = prior.assign(again=prior['reordered'] == 1, later=prior['order_number'] > 1).groupby('user_id')
    later = users['later'].sum()
    return pd.DataFrame(
        {
            'user_total_products': users.size(),
            'user_distinct_products': users['product_id'].nunique(),
            'user_reorder_ratio': users['again'].sum() / later.where(later > 0),
        }
    ).reset_index()


def up_features(prior: pd.DataFrame) -> pd.DataFrame:
    pairs = prior.groupby(['user_id', 'product_id'])
    return pairs.agg(
        up_orders=('order_id', 'size'),
        up_first_order=('order_number', 'min'),
        up_last_order=('order_number', 'max'),
        up_average_cart_position=('add_to_cart_order', 'mean'),
    ).reset_index()


def prd_features(prior: pd.DataFrame) -> pd.DataFrame:
    times = prior.groupby(['user_id', 'product_id'])['order_number'].rank(method='min')
    products = prior.assign(first=times == 1, second=times == 2).groupby('product_id')
    return products.agg(
        prod_orders=('order_id', 'size'),
        prod_reorders=('reordered', 'sum'),
        prod_first_orders=('first', 'sum'),
        prod_second_orders=('second', 'sum'),
    ).reset_index()


def result(
    pairs: pd.DataFrame,
    products: pd.DataFrame,
    habits: pd.DataFrame,
    baskets: pd.DataFrame,
) -> pd.DataFrame:
    rows = pairs.merge(products, on='product_id').merge(habits, on='user_id').merge(baskets, on='user_id')
    first, orders = rows['prod_first_orders'], rows['user_orders']
    rows['prod_reorder_probability'] = rows['prod_second_orders'] / first
    rows['prod_reorder_times'] = 1 + rows['prod_reorders'] / first
    rows['prod_reorder_ratio'] = rows['prod_reorders'] / rows['prod_orders']
    rows['user_average_basket'] = rows['user_total_products'] / orders
    rows['up_order_rate'] = rows['up_orders'] / orders
    rows['up_orders_since_last_order'] = orders - rows['up_last_order']
    rows['up_order_rate_since_first_order'] = rows['up_orders'] / (orders - rows['up_first_order'] + 1)
    return rows


def main() -> None:
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    start, used = time.perf_counter(), time.process_time()

    def keep(name: str, table: pd.DataFrame) -> pd.DataFrame:
        (out / name).mkdir(parents=True)
        table.to_parquet(out / name / 'part.parquet', index=False)
        return table

    orders = source(data, 'orders', ['order_id'])
    lines = source(data, 'order_products', ['order_id', 'product_id'])
    prior = keep('order_products_prior', history(orders, lines))
    habits = keep('user_features_1', user_features_1(orders))
    baskets = keep('user_features_2', user_features_2(prior))
    pairs = keep('up_features', up_features(prior))
    products = keep('prd_features', prd_features(prior))
    keep('result', result(pairs, products, habits, baskets))
    took = {'seconds': time.perf_counter() - start, 'processorSeconds': time.process_time() - used}
    print(json.dumps(took))


if __name__ == '__main__':
    main()
