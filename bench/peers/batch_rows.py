"""Makes the inputs of the batch benchmark from generated site-months: complete records, records as generated, and those tenfold.

The known unique users are left out: they are what is asked for.
"""

import argparse
import json
from pathlib import Path

import pyarrow.compute
import pyarrow.parquet

INPUTS = ["rank", "visits", "pages_per_visit", "bounce_rate", "avg_visit_duration", "category"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    table = pyarrow.parquet.read_table(arguments.sample).drop_columns(["unique_users"])
    known = [pyarrow.compute.is_valid(table[name]) for name in INPUTS]
    complete = table.filter(all_of(known))
    kinds = {"complete": (complete, 1), "as_generated": (table, 1), "tenfold": (table, 10)}
    print(json.dumps({kind: write(arguments, kind, rows, times) for kind, (rows, times) in kinds.items()}))


def all_of(masks):
    result = masks[0]
    for mask in masks[1:]:
        result = pyarrow.compute.and_(result, mask)
    return result


def write(arguments, kind, table, times):
    """Repeats the rows until there are as many as asked for."""
    path, left = arguments.folder / f"{kind}.parquet", arguments.rows * times
    with pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd") as writer:
        while left > 0:
            part = table.slice(0, left)
            writer.write_table(part, row_group_size=131_072)
            left -= part.num_rows
    unknown = {name: table[name].null_count / table.num_rows for name in INPUTS}
    return {"path": str(path), "rows": arguments.rows * times, "unknown": unknown}


main()
