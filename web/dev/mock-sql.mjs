// The made-up server's lines and its answers in SQL. It reads no SQL: it knows the questions of the view by their
// words, and answers any other with a few rows. The texts are as long and as hostile as logs can make them.

const MINUTE = 60_000;
const started = Date.now();

const TEXTS = [
  ["web-1", "shop", "info", null, "order 48121 placed by 203.0.113.7"],
  ["web-2", "shop", "error", "app", "no free worker within 10 s"],
  ["bastion", "sshd", null, "auth", "Invalid user admin from 198.51.100.23 port 43308"],
  [
    "web-2",
    "shop",
    "warn",
    null,
    'upstream "billing-7" answered in 4.2 s, order 7c9e6679-7425-40de-944b-e07fc1f90ae7',
  ],
  ["web-1", "shop", "info", null, "\u202egnp.exe\u202c <img src=x onerror=alert(1)> \u001b[2J"],
  [
    "a-host-with-a-very-long-name.eu-central-1.compute.internal.example.com",
    "a-service-whose-name-is-long-as-well",
    "error",
    "app",
    `java.lang.IllegalStateException: ${"deeply nested cause; ".repeat(20)}`,
  ],
];
const PATHS = ["/", "/search", "/cart", "/product/194", "/api/stock/322", "/checkout"];
const COUNTRIES = ["DE", "ES", "US", "FR", null];

/** The same line for the same number, the newest has number 0. */
function lineAt(idx, now) {
  const ms = now - idx * 731;
  const place = { ts_us: ms * 1000, batch_id: Math.floor(ms / 1000) - 1.7e9, row_idx: idx % 7 };
  const country = COUNTRIES[idx % COUNTRIES.length];
  const rest = { country, action: null, client_ip: "203.0.113.7", server_port: null, raw: null };
  if (idx % 3 === 0) {
    const [host, service, level, error_class, message] = TEXTS[(idx / 3) % TEXTS.length];
    const source = `${host}/app.log`;
    return {
      ...place,
      ...rest,
      level,
      error_class,
      status: null,
      host,
      service,
      source,
      method: null,
      path: null,
      message,
    };
  }
  const status = idx % 41 === 0 ? 503 : idx % 17 === 0 ? 404 : 200;
  const error_class = status > 499 ? "server" : status > 399 ? "client" : null;
  const host = `web-${1 + (idx % 2)}`;
  const source = `${host}/access.log`;
  const path = PATHS[idx % PATHS.length];
  return {
    ...place,
    ...rest,
    level: null,
    error_class,
    status,
    host,
    service: null,
    source,
    method: "GET",
    path,
    message: null,
  };
}

const LINES = [
  "ts_us",
  "batch_id",
  "row_idx",
  "level",
  "error_class",
  "status",
  "host",
  "service",
  "source",
  "country",
];
const SHOWN = [...LINES, "method", "path", "message", "raw", "action", "client_ip", "server_port"];
const many = (n, now, from = 0) => Array.from({ length: n }, (_, idx) => lineAt(idx + from, now));

function facets() {
  const values = {
    level: [
      [null, 38_120],
      ["info", 1190],
      ["warn", 66],
      ["error", 31],
    ],
    status: [
      ["2xx", 26_941],
      [null, 5737],
      ["3xx", 4608],
      ["4xx", 1918],
      ["5xx", 243],
    ],
    host: [
      ["web-2", 18_022],
      ["web-1", 17_041],
      [TEXTS[5][0], 921],
    ],
    country: [
      ["DE", 6625],
      ["US", 4597],
      [null, 12],
    ],
  };
  return Object.entries(values).flatMap(([facet, all]) => all.map(([value, n]) => ({ facet, value, n })));
}

const COLUMNS = {
  logs: ["ts", "host", "status", "country", "message"],
  ledger: ["source", "kind", "reason", "n"],
};

const LEDGER = [
  ["web-1/access.log", 1_204_331, 1_204_310, 12, 0, 21, 0],
  ["web-2/access.log", 983_120, 983_100, 0, 0, 20, 0],
  ["syslog", 48_211, 47_900, 311, 300, 11, 0],
  [`${TEXTS[5][0]}/app.log`, 5120, 5118, 1800, 0, 0, 2],
];

function ledger() {
  return LEDGER.flatMap(([source, received, stored, unparsed, rejected, blank, deduplicated]) =>
    [
      ["received", "", received],
      ["stored", "", stored],
      ["unparsed", "", unparsed],
      ["rejected", "queue full", rejected],
      ["blank", "", blank],
      ["deduplicated", "", deduplicated],
    ]
      .filter(([, , n]) => n > 0)
      .map(([kind, reason, n]) => ({ source, kind, reason, n })),
  );
}

/** Rows and the columns to take of them, with types where they are no text. */
function rowsFor(sql, now) {
  if (process.env.EMPTY_LINES && /FROM logs/.test(sql)) return [["n"], []];
  if (/^EXPLAIN/i.test(sql)) {
    const plan = "Aggregate: groupBy=[[logs.country]]\n  TableScan: logs projection=[country]";
    return [
      ["plan_type", "plan"],
      [
        { plan_type: "logical_plan", plan },
        { plan_type: "physical_plan", plan },
      ],
    ];
  }
  if (/information_schema/.test(sql)) {
    const all = Object.entries(COLUMNS).flatMap(([table_name, names]) =>
      names.map((column_name) => ({
        table_name,
        column_name,
        data_type: column_name === "ts" ? "Timestamp(µs)" : "Utf8View",
      })),
    );
    return [["table_name", "column_name", "data_type"], all];
  }
  if (/'level' AS facet/.test(sql)) return [["facet", "value", "n"], facets()];
  if (/max\(batch_id\)/.test(sql)) return [["batch_id"], [{ batch_id: Math.floor(now / 1000) - 1.7e9 }]];
  if (/batch_id > /.test(sql) && /observed_ts/.test(sql)) {
    const batch = Number(/batch_id > (-?\d+)/.exec(sql)[1]);
    return [SHOWN, many(6, now).filter((line) => line.batch_id > batch)];
  }
  if (/^SELECT count\(\*\) AS n\nFROM logs/.test(sql)) return [["n"], [{ n: 39_428 }]];
  if (/coalesce\(message, path, raw\) AS text/.test(sql))
    return [
      ["ts_us", "level", "text"],
      many(5000, now).map((line) => ({ ...line, text: line.message ?? line.path })),
    ];
  if (/parse_error/.test(sql)) {
    const lines = many(40, now).map((line, idx) => ({
      ...line,
      source: LEDGER[idx % 2 ? 3 : 0][0],
      parse_error: idx % 2 ? "no format takes it" : "at byte 17: expected a time",
      raw: idx % 2 ? `  at com.example.Deep.method(Deep.java:${idx})` : "%%% \u001b[31mgarbage\u202e",
    }));
    return [["ts_us", "source", "parse_error", "raw"], lines];
  }
  if (/^SELECT \*\nFROM logs/.test(sql))
    return [[...LINES, "message", "path", "flags", "attrs"], [lineAt(3, now)]];
  if (/UNION ALL/.test(sql) && /row_idx/.test(sql)) return [SHOWN, many(20, now, 1)];
  if (/^SELECT CAST\(ts AS BIGINT\)/.test(sql))
    return [SHOWN, many(500, now, /batch_id < /.test(sql) ? 500 : 0)];
  if (/FROM ledger/.test(sql)) return [["source", "kind", "reason", "n"], ledger()];
  // Of the servers only two write errors themselves; the errors of one rise with its CPU, in the last hour.
  if (/is_error AND host/.test(sql)) {
    const rows = ["web-1", "web-2"].flatMap((host, idx) =>
      Array.from({ length: 300 }, (_, ago) => ({
        host,
        t: (Math.floor(now / MINUTE) - ago) * MINUTE,
        k: idx === 1 && ago > 2 && ago < 56 ? 9 + (ago % 3) : ago % 4,
      })),
    );
    return [["host", "t", "k"], rows];
  }
  if (/FROM sources/.test(sql)) {
    const files = LEDGER.map(([source], idx) => ({
      source,
      path: `/var/log/${source}`,
      position: 2_908_356,
      line: 13_707,
      done: idx === 2 ? 1 : 0,
      updated_us: (now - idx * 7 * MINUTE) * 1000,
    }));
    return [["source", "path", "position", "line", "done", "updated_us"], files];
  }
  if (/lag_s/.test(sql)) {
    const rows = LEDGER.map(([source], idx) => ({
      source,
      n: 1000,
      lag_s: [0.4, 0.6, 42, 1300][idx],
      newest: now - idx * 90_000,
    }));
    return [["source", "n", "lag_s", "newest"], rows];
  }
  const rows = COUNTRIES.map((country, idx) => ({
    country,
    n: 9000 - idx * 1711,
    rate: 0.0123 * idx,
    newest: started,
  }));
  return [["country", "n", "rate", "newest"], rows];
}

const TYPES = {
  n: "int",
  rate: "float",
  newest: "timestamp",
  ts_us: "int",
  batch_id: "int",
  row_idx: "int",
  status: "int",
};

/** The answer to a question in SQL, with its status and, for a file, its type. */
export function sql({ sql, format }) {
  if (typeof sql !== "string" || /\b(broken|slect)\b/i.test(sql)) {
    const message = "ParserError: expected an SQL statement, found: slect at Line: 1, Column: 1";
    return [400, { error: { code: "query_invalid", message, hint: null } }];
  }
  const [names, rows] = rowsFor(sql, Date.now());
  if (format === "csv") {
    const lines = [names, ...rows.map((row) => names.map((name) => row[name] ?? ""))];
    return [200, `${lines.join("\n")}\n`, "text/csv; charset=utf-8"];
  }
  if (format) return [200, JSON.stringify(rows), "application/octet-stream"];
  return [
    200,
    {
      columns: names.map((name) => ({ name, type: TYPES[name] ?? "text" })),
      data: names.map((name) => rows.map((row) => row[name] ?? null)),
      n_rows: rows.length,
      truncated: /TRUNCATED/.test(sql),
      elapsed_ms: 12.3,
      sql,
    },
  ];
}

// Questions of people, by name. One is there from the start, whose text is as hostile as a file may be.
const kept = new Map([
  [
    "slow_paths",
    {
      name: "slow_paths",
      title: "Which paths are slow, and for whom? <b>\u202egnp</b>",
      sql: "SELECT path, approx_percentile_cont(duration_ms, 0.95) AS p95\nFROM logs\nWHERE ts >= $from AND ts < $to\nGROUP BY path\nORDER BY p95 DESC",
      params: [
        { name: "from", type: "timestamp" },
        { name: "to", type: "timestamp" },
      ],
      origin: "yours",
      version: "v1",
    },
  ],
]);

/** The saved questions: people's in the place of shipped ones of the same name. */
export function queries(shipped) {
  const others = shipped.filter(({ name }) => !kept.has(name));
  return [...others, ...kept.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Keeps a question, unless it is none or was made of an older one; `shipped` is what it would take the place of. */
export function keepQuery(name, { sql, title, params = [], version }, shipped) {
  const refuse = (status, code, message, hint) => [status, { error: { code, message, hint } }];
  if (/\b(broken|slect)\b/i.test(sql)) {
    const message = "expected an SQL statement, found: slect at line 1";
    return refuse(422, "query_invalid", message, "try it in the console");
  }
  const before = kept.get(name) ?? shipped;
  if (before?.version !== version)
    return refuse(409, "changed", `somebody else changed ${name}`, "look at theirs, then save again");
  const next = `v${Number(before?.version.slice(1) ?? 0) + 1}`;
  kept.set(name, { name, title, sql, params, origin: "yours", version: next });
  return [200, kept.get(name)];
}

/** The accounts of the sources, as the status has them. */
export function accounts() {
  return LEDGER.map(([name, received, stored, unparsed, , blank]) => ({
    name,
    received,
    stored,
    unparsed,
    blank,
  }));
}
