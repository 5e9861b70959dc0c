"""Reads a data folder with the Python package `deltalake` and compares its counts with those of logatlas.

usage: outside_reader.py LOGATLAS
"""

import csv
import io
import pathlib
import subprocess
import sys
import tempfile

import deltalake
import pyarrow.compute


def main(logatlas):
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder, "data")
        run = lambda *args: subprocess.run([logatlas, "--data", data, *args], check=True, capture_output=True, text=True).stdout
        run("generate", "--end", "2026-03-01T12:00:00Z", "--lines", "40000", "--out", pathlib.Path(folder, "day"))
        run("import", *map(str, pathlib.Path(folder, "day").rglob("*.*")))
        answer = run("sql", "-f", "csv", "SELECT country, count(*) AS n FROM logs GROUP BY country")
        ours = {row["country"] or None: int(row["n"]) for row in csv.DictReader(io.StringIO(answer))}
        table = deltalake.DeltaTable(data / "logs").to_pyarrow_table(columns=["country"])
        counts = pyarrow.compute.value_counts(table["country"]).to_pylist()
        theirs = {row["values"]: row["counts"] for row in counts}
        if ours != theirs or sum(ours.values()) < 30_000:
            sys.exit(f"the counts differ\nlogatlas:  {ours}\ndeltalake: {theirs}")
        print(f"deltalake {deltalake.__version__} reads the same {sum(ours.values())} rows in {len(ours)} countries")


main(sys.argv[1])
