"""logatlas beside DuckDB and chdb (embedded ClickHouse), in one interleaved run.

usage: peers.py LOGATLAS ACCESS.log [ROUNDS]

Needs the Python packages duckdb, chdb and pytz, and a release build of logatlas. Import: the same access log into Parquet;
logatlas parses, places every address and sorts; DuckDB and chdb only split the fields by their fastest way (their CSV
readers) and know no places. Queries: all three read the Parquet files that logatlas wrote. CPU seconds are user and
system time over all threads, memory is the peak of the process. Medians of the rounds.
"""

import collections
import http.client
import json
import os
import pathlib
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

THREADS = 2
QUERIES = {
    "Q1 errors by country": "select country, count(*) n from {t} where status >= 500 group by country order by n desc, country",
    "Q2 by city, top 50": "select country, city, count(*) n from {t} where status >= 500 group by country, city order by n desc, country, city limit 50",
    "Q3 errors by hour": "select date_trunc('hour', ts) h, count(*) n from {t} where status >= 500 group by h order by h",
    "Q4 rate, country x hour": "select country, date_trunc('hour', ts) h, count(*) n, sum(case when status >= 500 then 1 else 0 end) * 1.0 / count(*) r from {t} group by country, h order by country, h",
    "Q5 top paths by 5xx": "select path, count(*) n from {t} where status >= 500 group by path order by n desc, path limit 20",
    "Q6 addresses by hour": "select date_trunc('hour', ts) h, count(distinct client_ip) n from {t} group by h order by h",
    "Q7 substring of agent": "select count(*) n from {t} where user_agent like '%CPU iPhone OS 17_%'",
}
FIELDS = "'ip':'VARCHAR','x':'VARCHAR','usr':'VARCHAR','d':'VARCHAR','z':'VARCHAR','req':'VARCHAR','status':'USMALLINT','bytes':'BIGINT','ref':'VARCHAR','ua':'VARCHAR'"
DUCKDB = """import duckdb, sys
duckdb.sql("set threads=%d")
duckdb.sql(f\"\"\"copy (select strptime(d,'[%%d/%%b/%%Y:%%H:%%M:%%S')::timestamp ts, ip, usr, split_part(req,' ',1) as method, split_part(req,' ',2) as path, status, bytes, ref, ua
  from read_csv('{sys.argv[1]}', columns={{%s}}, delim=' ', quote='"', escape='"', header=false, auto_detect=false)) to '{sys.argv[2]}' (format parquet, compression zstd)\"\"\")
""" % (THREADS, FIELDS)
CHDB = """import chdb, sys
chdb.query(f\"\"\"insert into function file('{sys.argv[2]}', 'Parquet') select parseDateTime(d,'[%%d/%%b/%%Y:%%H:%%i:%%s','UTC') ts, ip, usr, splitByChar(' ', req)[1] method, splitByChar(' ', req)[2] path, status, bytes, ref, ua
  from file('{sys.argv[1]}', 'CustomSeparated', 'ip String, x String, usr String, d String, z String, req String, status UInt16, bytes UInt64, ref String, ua String')
  settings max_threads=%d, output_format_parquet_compression_method='zstd', format_custom_field_delimiter=' ', format_custom_escaping_rule='CSV', format_custom_row_after_delimiter='\\\\n'\"\"\")
""" % THREADS


def measured(command):
    """Runs a command; returns CPU seconds and peak MiB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[0]} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def size(path):
    path = pathlib.Path(path)
    files = [path] if path.is_file() else path.rglob("*.parquet")
    return sum(file.stat().st_size for file in files)


class Server:
    """A logatlas that answers SQL through the socket in its data folder."""

    def __init__(self, logatlas, data):
        self.process = subprocess.Popen([logatlas, "--data", data, "serve", "--listen", "127.0.0.1:0", "--no-host-metrics"], stderr=subprocess.DEVNULL)
        self.path = f"{data}/logatlas.sock"
        for _ in range(200):
            if os.path.exists(self.path):
                return
            time.sleep(0.05)
        sys.exit("the server does not start")

    def ask(self, sql):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        connection.request("POST", "/api/v1/sql", json.dumps({"sql": sql}), {"content-type": "application/json"})
        answer = json.load(connection.getresponse())
        return answer["n_rows"]


def main(logatlas, log, rounds):
    import chdb.session
    import duckdb

    n_lines = sum(1 for _ in open(log, "rb"))
    gigabytes = os.path.getsize(log) / 1e9
    print(f"{n_lines} lines, {gigabytes:.3f} GB, {rounds} rounds, {THREADS} threads; load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as work:
        data = f"{work}/data"
        imports = {
            "logatlas (with places)": ([logatlas, "--data", data, "import", "--again", log], f"{data}/logs"),
            "DuckDB CSV reader": ([sys.executable, "-c", DUCKDB, log, f"{work}/duck.parquet"], f"{work}/duck.parquet"),
            "chdb CustomSeparated": ([sys.executable, "-c", CHDB, log, f"{work}/ch.parquet"], f"{work}/ch.parquet"),
        }
        cpu, peak, n_bytes = collections.defaultdict(list), {}, {}
        for _ in range(rounds):
            for name, (command, out) in imports.items():
                shutil.rmtree(out, ignore_errors=True)
                pathlib.Path(out).unlink(missing_ok=True) if not os.path.isdir(out) else None
                if name.startswith("logatlas"):
                    shutil.rmtree(data, ignore_errors=True)
                seconds, mebibytes = measured(command)
                cpu[name].append(seconds)
                peak[name] = max(peak.get(name, 0), mebibytes)
                n_bytes[name] = size(out)
        first = statistics.median(cpu["logatlas (with places)"])
        print(f"\n{'import':26}{'CPU-s/GB':>10}{'ratio':>8}{'peak MiB':>10}{'B/row':>8}")
        for name in imports:
            median = statistics.median(cpu[name])
            print(f"{name:26}{median / gigabytes:10.1f}{median / first:8.2f}{peak[name]:10.0f}{n_bytes[name] / n_lines:8.1f}")

        server = Server(logatlas, data)
        duck = duckdb.connect()
        duck.execute(f"set threads={THREADS}")
        clickhouse = chdb.session.Session()
        files = f"{data}/logs/*/*.parquet"
        ask = {
            "logatlas": lambda sql: server.ask(sql.format(t="logs")),
            "DuckDB": lambda sql: len(duck.execute(sql.format(t=f"read_parquet('{files}')")).fetchall()),
            "chdb": lambda sql: len(clickhouse.query(sql.format(t=f"file('{files}','Parquet')") + f" settings max_threads={THREADS}, use_query_condition_cache=0", "CSV").bytes().decode().splitlines()),
        }
        print(f"\n{'query, ms':26}" + "".join(f"{name:>10}" for name in ask) + f"{'to faster peer':>16}")
        ratios = []
        for name, sql in QUERIES.items():
            times, rows = collections.defaultdict(list), {}
            for i in range(2 * rounds + 1):
                for engine, run in ask.items():
                    start = time.perf_counter()
                    rows[engine] = run(sql)
                    if i:
                        times[engine].append((time.perf_counter() - start) * 1e3)
            if len(set(rows.values())) > 1:
                print(f"  rows differ: {rows}")
            medians = {engine: statistics.median(values) for engine, values in times.items()}
            ratios.append(medians["logatlas"] / min(medians["DuckDB"], medians["chdb"]))
            print(f"{name:26}" + "".join(f"{medians[engine]:10.1f}" for engine in ask) + f"{ratios[-1]:16.2f}")
        print(f"{'geometric mean':56}{statistics.geometric_mean(ratios):16.2f}")
        server.process.terminate()
        server.process.wait()


main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3)
