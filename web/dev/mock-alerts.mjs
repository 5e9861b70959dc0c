// The made-up server's incidents, rules, silences and weeks. MANY=1 makes 200 incidents, CALM=1 none; some names
// are as long and as hostile as logs can make them.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ALERTS = new URL("../../queries/alerts/", import.meta.url);
const started = Date.now();
const ME = "admin";

const wilson = (k, n) => {
  if (n === 0) return { k, n, value: null, lo: 0, hi: 1 };
  const z = 1.96;
  const centre = k / n + (z * z) / (2 * n);
  const half = z * Math.sqrt(((k / n) * (1 - k / n)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return {
    k,
    n,
    value: k / n,
    lo: Math.max(0, (centre - half) / scale),
    hi: Math.min(1, (centre + half) / scale),
  };
};

const noise = (seed) => {
  const x = Math.sin(seed * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};

/** Rules as the repository ships them; only what the view shows is read. */
const SECONDS = { s: 1, m: 60, h: 3600, d: 86400 };
function readRule(text, name) {
  const section = (title) => text.split(`[${title}]`)[1]?.split("\n[")[0] ?? "";
  const value = (part, key, fallback) =>
    new RegExp(`^${key} = "?([^"\n#]+)"?`, "m").exec(part)?.[1].trim() ?? fallback;
  const span = (part, key, fallback) => {
    const [, n, unit] = /^(\d+)([smhd])$/.exec(value(part, key, fallback)) ?? [0, 60, "s"];
    return n * SECONDS[unit];
  };
  const limit = (title, op) => ({
    op: value(section(title), "op", op),
    at: Number(value(section(title), "at", 1)),
  });
  const route = section("route");
  return {
    id: value(text, "id", name),
    title: value(text, "title", name),
    enabled: value(text, "enabled", "true") === "true",
    version: createHash("sha256").update(text).digest("hex").slice(0, 12),
    query: value(section("query"), "name", ""),
    labels: /labels = \[(.*)\]/.exec(text)?.[1].replaceAll('"', "").split(", ").filter(Boolean) ?? [],
    unit: value(section("query"), "unit", "count"),
    every_s: span(section("eval"), "every", "30s"),
    window_s: span(section("eval"), "window", "3m"),
    raise: limit("raise", ">"),
    recover: limit("recover", "<"),
    severity: value(route, "severity", "warning"),
    service: value(route, "service", ""),
    team: value(route, "team", ""),
    targets: ["pager"],
    runbook: value(text, "runbook", ""),
    text,
    last_tick: null,
    findings: [],
    observed_ppv: wilson(0, 0),
    backtest: null,
  };
}

/** What the server says of a text: enough of it to see every place where it is shown. */
function lintRule(id, text) {
  const rule = readRule(text, id);
  const none = (what, line = null) => ({ problem: { what, line }, findings: [] });
  const at = text.split("\n").findIndex((line) => /^(rase|foo)\b/.test(line));
  if (at >= 0) return none("unknown field, expected one of `op`, `at`", at + 1);
  if (!rule.title) return none("missing field `title`", 1);
  const up = rule.raise.op.startsWith(">");
  if (up ? rule.recover.at > rule.raise.at : rule.recover.at < rule.raise.at)
    return none(
      `a value between raise (${rule.raise.at}) and recover (${rule.recover.at}) would be both wrong and well`,
    );
  if (/^for = "\d+s"/m.test(text) && rule.every_s >= 30)
    return none("hold.for is shorter than eval.every: nobody would look in between");
  const urgent = ["error", "critical"].includes(rule.severity);
  if (urgent && !(rule.runbook && rule.team)) return none("a rule that wakes people names a runbook and a team");
  const findings = [];
  const put = (level, field, what) => findings.push({ rule: id, level, what, field });
  if (rule.raise.at === rule.recover.at)
    put("warning", "recover.at", "raise and recover are the same: a value that swings around it opens and closes each time");
  if (!/^for = /m.test(text) && urgent) put("warning", "hold.for", "hold.for is missing: one bad window wakes somebody");
  if (!rule.runbook) put("warning", "runbook", "runbook is missing: who is told does not know what to do");
  if (/pgaer/.test(text))
    put("warning", "route.targets", "the settings have no target pgaer: incidents open, nobody is told there");
  if (!rule.query) put("error", "query.name", "there is no saved query named ");
  return { problem: null, findings };
}

const rules = readdirSync(ALERTS)
  .filter((name) => name.endsWith(".toml"))
  .map((name, idx) => ({
    ...readRule(readFileSync(new URL(name, ALERTS), "utf8"), name.slice(0, -5)),
    enabled: idx !== 3,
    targets: idx === 5 ? [] : ["pager"],
    last_tick: idx === 4 ? null : started - 20_000 - (idx === 2 ? 20 * MINUTE : 0),
    findings:
      idx % 4 === 1
        ? [
            { rule: name, level: "warning", what: "recover equals raise: it may come and go" },
            { rule: name, level: "error", what: "the settings have no target lamp-in-the-hall" },
          ]
        : [],
    observed_ppv: wilson([8, 0, 3, 0][idx % 4], [13, 0, 3, 0][idx % 4]),
    backtest: idx % 3 === 1 ? null : report(0.05, 7, started - DAY),
  }));

function report(raise, days, to, outages = null) {
  const opens = Math.max(0, Math.round((0.12 - Math.min(raise, 0.119)) * 40 * days));
  return {
    rule: "",
    version: "",
    raise,
    from: new Date(to - days * DAY).toISOString(),
    to: new Date(to).toISOString(),
    ticks: days * 2880,
    failed_ticks: days > 7 ? 12 : 0,
    opens,
    pages: opens,
    pages_per_week: (opens * 7) / days,
    night_pages: Math.floor(opens / 3),
    open_share: opens * 0.011,
    longest_s: 2340,
    flaps: Math.floor(opens / 9),
    delay_p50_s: opens ? 120 : null,
    delay_p90_s: opens ? 150 : null,
    truth: outages && {
      outages,
      found: Math.min(outages, opens),
      missed: Math.max(0, outages - opens),
      true_episodes: Math.min(outages, opens),
      false_episodes: Math.max(0, opens - outages),
      sensitivity: wilson(Math.min(outages, opens), outages),
      ppv: wilson(Math.min(outages, opens), opens),
      specificity: wilson(days * 2880 - opens * 31, days * 2880),
    },
    episodes: [],
  };
}

const HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe";

function make(id, change) {
  const rule = rules.find((rule) => rule.id === (change.rule ?? "server-error-rate-by-country"));
  return {
    id,
    dedup_key: `key-of-${id}`,
    episode: 3,
    rule: "server-error-rate-by-country",
    kind: "value",
    title: rule?.title ?? "several at once",
    unit: rule?.unit ?? "count",
    labels: { country: "DE" },
    members: [],
    state: "firing",
    severity: "error",
    service: "web",
    team: "web",
    opened_at: started - 34 * MINUTE,
    closed_at: null,
    close_reason: null,
    value: 0.083,
    peak_value: 0.121,
    threshold: 0.05,
    n: 1640,
    summary: "DE: 8.3 % of 1 640 requests failed with 5xx in 3 min, limit 5 %",
    client_url: `http://127.0.0.1:7171/map?from=${started - HOUR}&to=${started}&metric=rate&place=DE`,
    runbook_url: "http://127.0.0.1:7171/runbooks/server-error-rate-by-country",
    flapping: false,
    mute: null,
    bundle: null,
    sent_at: started - 33 * MINUTE,
    acked_at: null,
    acked_by: null,
    class: null,
    class_note: null,
    class_by: null,
    explanation: null,
    ...change,
  };
}

const EXPLANATION = {
  sentence: "DE x Deutsche Telekom AG x /checkout = 81 % of excess errors, 6.2 times normal",
  conditions: [{ column: "country", value: "DE" }],
  share: 0.81,
  normal_rate: 0.0051,
  rate: 0.083,
  findings: [
    { dimension: "network", value: "Deutsche Telekom AG", n: 612, k: 119, lift: 9.4, share: 0.86, p: 1e-30 },
    { dimension: "path", value: "/checkout", n: 288, k: 94, lift: 6.8, share: 0.71, p: 1e-22 },
    { dimension: "region", value: "DE-HE", n: 402, k: 71, lift: 3.1, share: 0.44, p: 1e-12 },
    { dimension: "browser", value: null, n: 40, k: 12, lift: 2.2, share: 0.06, p: 1e-4 },
    {
      dimension: "path",
      value: `/${HOSTILE}/${"a-very-long-path/".repeat(7)}`,
      n: 31,
      k: 9,
      lift: 1.9,
      share: 0.04,
      p: 1e-3,
    },
  ],
  load: [
    { host: "web-2", metric: "cpu_pct", lag_minutes: -2, correlation: 0.91, now: 92.3 },
    { host: "db-1", metric: "cpu_pct", lag_minutes: 0, correlation: 0.64, now: 61 },
  ],
  samples: [0, 1, 2, 3].map((idx) => ({
    ts: new Date(started - 5 * MINUTE + idx * 900).toISOString().replace("Z", ""),
    host: `web-${1 + (idx % 2)}`,
    method: "POST",
    path: ["/checkout", "/checkout/confirm", "/cart"][idx % 3],
    status: 502 + (idx % 2),
    message: idx === 2 ? `upstream timed out ${HOSTILE}` : null,
  })),
  failing: "status >= 500",
};

let incidents = process.env.CALM
  ? []
  : [
      make("5f0c1f9e-7a55-5d0e-9b51-0a2f5c5f3a01", { explanation: EXPLANATION }),
      make("5f0c1f9e-7a55-5d0e-9b51-0a2f5c5f3a02", {
        rule: "server-error-rate-by-host",
        severity: "critical",
        labels: { host: "web-2" },
        opened_at: started - 6 * MINUTE,
        summary: "web-2: 31 % of 402 requests failed with 5xx in 3 min, limit 10 %",
        value: 0.31,
        peak_value: 0.34,
        threshold: 0.1,
        members: ["web-2", "web-3", null].map((host) => ({
          labels: { host },
          value: 0.3,
          n: 402,
          severity: "critical",
        })),
        acked_at: started - 4 * MINUTE,
        acked_by: "ana",
        flapping: true,
      }),
      make("5f0c1f9e-7a55-5d0e-9b51-0a2f5c5f3a03", {
        rule: "disk-full",
        severity: "warning",
        labels: { host: `${"db-with-a-name-that-does-not-end-".repeat(4)}1`, mount: "/var" },
        opened_at: started - 9 * HOUR,
        summary: `${"db-with-a-name-that-does-not-end-".repeat(4)}1 /var: 93 % full, limit 90 % ${HOSTILE}`,
        value: 93,
        peak_value: 93,
        threshold: 90,
        n: null,
        unit: "percent",
        team: "ops",
        service: "host",
        mute: "silenced",
        sent_at: null,
        client_url: "",
        runbook_url: "",
      }),
    ];

if (!process.env.CALM) {
  // Two that opened together and were told as one.
  const bundle = "5f0c1f9e-7a55-5d0e-9b51-0a2f5c5f3a10";
  const own = { rule: "bundle", kind: "bundle", title: "several at once", unit: "count", labels: {} };
  const times = { opened_at: started - 50 * MINUTE, acked_at: started - 40 * MINUTE, acked_by: "luis" };
  incidents.push(
    make(bundle, {
      ...own,
      ...times,
      value: null,
      peak_value: null,
      threshold: 0,
      n: 2,
      summary: "2 incidents of web",
    }),
    ...["ES", "PT"].map((country, idx) =>
      make(`5f0c1f9e-7a55-5d0e-9b51-0a2f5c5f3a1${idx + 1}`, {
        ...times,
        labels: { country },
        summary: `${country}: 6.1 % of 702 requests failed with 5xx in 3 min, limit 5 %`,
        mute: "bundled",
        bundle,
      }),
    ),
  );
  const n = process.env.MANY ? 197 : 14;
  for (let idx = 0; idx < n; idx += 1) {
    const rule = rules[idx % rules.length];
    const opened_at = started - (3 + idx * 7.3) * HOUR;
    const ratio = { value: 0.02, peak_value: 0.11, threshold: 0.05 };
    incidents.push(
      make(`c0000000-0000-5000-8000-${String(idx).padStart(12, "0")}`, {
        rule: rule.id,
        severity: rule.severity,
        team: rule.team,
        ...ratio,
        state: process.env.MANY && idx < 60 ? "firing" : "closed",
        summary: `${["ES", "FR", "BR", "web-1"][idx % 4]}: ${3 + (idx % 9)} times the usual in 3 min`,
        opened_at,
        closed_at: process.env.MANY && idx < 60 ? null : opened_at + (4 + ((idx * 13) % 90)) * MINUTE,
        close_reason: idx % 5 === 0 ? "resolved by ana" : "recovered",
        acked_by: idx % 3 ? "ana" : null,
        acked_at: idx % 3 && process.env.MANY && idx < 60 ? opened_at + MINUTE : null,
        class: [null, "action", "tune", null, "no_action"][idx % 5],
        class_note: idx % 5 === 1 ? "payment provider was down; fail-over by hand" : null,
        class_by: idx % 5 === 1 ? "ana" : null,
      }),
    );
  }
}

const events = new Map();
function eventsOf(incident) {
  const { id, opened_at, acked_by, acked_at, closed_at, value, n } = incident;
  const event = (at, kind, change = {}) => ({
    at,
    tick: at,
    kind,
    value: null,
    n: null,
    actor: null,
    detail: null,
    ...change,
  });
  if (!events.has(id)) {
    const list = [
      event(opened_at, "open", { value, n }),
      event(opened_at + 2000, "gathering"),
      event(opened_at + 5000, "sent", { value, n, detail: "open" }),
      event(opened_at + 3 * MINUTE, "escalate", { value: incident.peak_value, n, detail: incident.severity }),
    ];
    if (acked_by) list.push(event(acked_at ?? opened_at + 4 * MINUTE, "acknowledge", { actor: acked_by }));
    if (closed_at) list.push(event(closed_at, "resolve", { detail: incident.close_reason }));
    events.set(id, list);
  }
  return events.get(id);
}

function note(incident, kind, detail = null) {
  const at = Date.now();
  eventsOf(incident).push({ at, tick: at, kind, value: null, n: null, actor: ME, detail });
}

const ACTS = {
  acknowledge: () => ({ acked_at: Date.now(), acked_by: ME }),
  unacknowledge: () => ({ acked_at: null, acked_by: null }),
  resolve: () => ({ state: "closed", closed_at: Date.now(), close_reason: `resolved by ${ME}` }),
  class: ({ class: name, note }) => ({ class: name, class_note: note, class_by: ME }),
};

const us = (ms) => ms * 1000;
let silences = process.env.CALM
  ? []
  : [
      {
        id: "s1",
        matchers: { rule: "disk-full", host: `${"db-with-a-name-that-does-not-end-".repeat(4)}1` },
        author: "ana",
        reason: "bigger disk is ordered, comes on Thursday",
        created_us: us(started - 8 * HOUR),
        expires_us: us(started + 40 * HOUR),
        until_clear: true,
        ended_us: null,
      },
      {
        id: "s2",
        matchers: { country: "ES" },
        author: "luis",
        reason: `carrier maintenance ${HOSTILE}`,
        created_us: us(started - 3 * DAY),
        expires_us: us(started - 3 * DAY + 4 * HOUR),
        until_clear: false,
        ended_us: null,
      },
    ];

function outbox() {
  return incidents
    .filter(({ sent_at }) => sent_at)
    .slice(0, 8)
    .flatMap((incident, idx) => [
      {
        id: `m${idx}`,
        incident: incident.id,
        target: "pager",
        action: "trigger",
        seq: 1,
        created_at: incident.sent_at,
        not_before: incident.sent_at,
        attempts: 1,
        status: "delivered",
        error: null,
        summary: incident.summary,
      },
      {
        id: `n${idx}`,
        incident: incident.id,
        target: "chat-of-the-web-team",
        action: "trigger",
        seq: 1,
        created_at: incident.sent_at,
        not_before: incident.sent_at,
        attempts: 6,
        status: idx % 2 ? "queued" : "dead",
        error: "the target answered with status 403: invalid_token",
        summary: incident.summary,
      },
    ]);
}

function series(rule, params) {
  const every = rule.every_s * 1000;
  const first = Math.ceil(+params.from / every) * every;
  if ((+params.to - first) / every > 2000) return null;
  const names = rule.labels.length
    ? ["DE", "ES", "FR", "US", "IN", "BR", "JP", "GB", "NL", "PL", "SE"]
    : ["rule"];
  const out = {};
  const spans = [];
  const up = rule.raise.op.startsWith(">");
  // The values are those of the saved rule, whatever limits a draft has.
  const base = rules.find(({ id }) => id === rule.id)?.raise.at || rule.raise.at || 1;
  const past = ({ op, at }, value) => (op.startsWith(">") ? value > at : value < at);
  for (const [idx, name] of names.entries()) {
    const points = [];
    let [phase, since, held] = [null, 0, 0];
    for (let t = first; t <= +params.to; t += every) {
      if (name === "FR" && (t / HOUR) % 3 < 0.2) continue;
      const age = started - t;
      const isWrong = (idx === 0 && age < 34 * MINUTE) || (idx === 1 && age < 58 * MINUTE && age > 44 * MINUTE);
      const calm = base * (up ? 0.22 : 1.6) * (0.7 + 0.5 * noise(idx * 977 + t / every));
      const wrong = base * (up ? 1.9 : 0.4) * (0.85 + 0.3 * noise(t / every));
      const value = isWrong ? wrong : calm;
      points.push({ t, value, n: 100 + Math.floor(noise(t / every + idx) * 900) });
      // Wrong for four ticks fires, well for six is over.
      const isBad = past(rule.raise, value);
      const isWell = past(rule.recover, value);
      let next = phase;
      if (isBad) next = phase === "pending" ? (++held >= 4 ? "firing" : phase) : phase ? "firing" : "pending";
      else if (isWell && phase === "recovering") next = ++held >= 6 ? null : phase;
      else if (isWell) next = phase === "firing" ? "recovering" : null;
      if (next === phase) continue;
      if (phase) spans.push({ name, labels: {}, phase, from: since, to: t });
      [phase, since, held] = [next, t, 1];
    }
    if (phase) spans.push({ name, labels: {}, phase, from: since, to: +params.to });
    out[name] = points;
  }
  const sql = `SELECT country, count(*) AS n, count(*) FILTER (WHERE status >= 500) AS k\nFROM logs\nWHERE ts >= TIMESTAMP '${new Date(+params.from).toISOString()}'\nGROUP BY country`;
  return { rule: rule.id, raise: rule.raise.at, recover: rule.recover.at, sql, series: out, spans };
}

function review(params) {
  const at = Number(params.at ?? Date.now());
  const day = Math.floor(at / DAY);
  const from = (day - ((day + 3) % 7)) * DAY;
  const spread = (median_s, p90_s, n) => ({ median_s, p90_s, n });
  const row = (team, rule, pages, change = {}) => ({
    team,
    rule,
    incidents: pages + 2,
    pages,
    night_pages: Math.floor(pages / 4),
    flapping: Math.floor(pages / 8),
    escalations: 1,
    mtta: spread(184, 910, pages),
    never_acknowledged: Math.floor(pages / 9),
    mttr: spread(1860, 7400, pages + 1),
    still_open: team === "web" ? 2 : 0,
    actionable: wilson(Math.floor(pages / 2), Math.floor((pages * 4) / 5)),
    noise: pages / 2.2,
    ...change,
  });
  const calm = process.env.CALM;
  return {
    week: `2026-W${String(1 + (Math.floor(from / (7 * DAY)) % 52)).padStart(2, "0")}`,
    from: new Date(from).toISOString().replace(".000", ""),
    to: new Date(from + 7 * DAY).toISOString().replace(".000", ""),
    teams: calm ? [] : [row("web", "", 19), row("ops", "", 1, { mtta: spread(60, 60, 1) })],
    rules: calm
      ? []
      : [
          row("web", "server-error-rate-by-city", 11),
          row("web", "server-error-rate-by-country", 6),
          row("ops", "disk-full", 1),
        ],
    responders: calm
      ? []
      : [
          { name: "ana", incidents: 12, interval: null },
          { name: "luis", incidents: 4, interval: [1.1, 10.2] },
        ],
    silent_rules: ["encrypted-share-low", "no-lines"],
    debriefs: calm ? [] : ["web: 19 pages, ceiling 15: talk about which rules to change"],
  };
}

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 210"><rect width="400" height="210" fill="#0d1522"/><circle cx="205" cy="90" r="52" fill="#f4873b" stroke="#66748b"/><circle cx="150" cy="120" r="30" fill="#3a3f6b" stroke="#66748b"/><circle cx="270" cy="130" r="36" fill="#643f88" stroke="#66748b"/></svg>`;

/** Answers what belongs here with [status, body, type], everything else with undefined. */
export function alerts(method, path, params, body) {
  const known = (list, id, what) =>
    list.find((one) => one.id === id) ?? [
      404,
      { error: { code: "not_found", message: `there is no ${what} ${id}` } },
    ];
  const [, area, id, act] =
    /^\/api\/v1\/(incidents|rules|silences|outbox|review)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path) ?? [];
  const named = id && decodeURIComponent(id);
  if (area === "outbox") return [200, outbox()];
  if (area === "review") return [200, review(params)];
  if (area === "silences") {
    if (method === "POST") {
      const [, n, unit] = /^(\d+)([smhd])$/.exec(body.for) ?? [];
      if (!unit)
        return [
          400,
          { error: { code: "bad_request", message: `${body.for} is no span of time, write 30m or 2h` } },
        ];
      const made = {
        id: `s${silences.length + 1}`,
        matchers: body.matchers,
        author: ME,
        reason: body.reason,
        created_us: us(Date.now()),
        expires_us: us(Date.now() + n * SECONDS[unit] * 1000),
        until_clear: body.until_clear,
        ended_us: null,
      };
      silences = [made, ...silences];
      return [200, { id: made.id }];
    }
    if (method === "DELETE") {
      silences = silences.map((one) => (one.id === named ? { ...one, ended_us: us(Date.now()) } : one));
      return [204, ""];
    }
    return [200, silences];
  }
  if (area === "incidents") {
    if (!named) return [200, incidents];
    const found = known(incidents, named, "incident");
    if (Array.isArray(found)) return found;
    if (act === "map.svg") return found.client_url ? [200, PICTURE, "image/svg+xml"] : [404, ""];
    if (method === "POST") {
      if (process.env.REFUSE)
        return [
          403,
          {
            error: {
              code: "forbidden",
              message: "this needs the scope respond",
              hint: "sign in as somebody who may",
            },
          },
        ];
      Object.assign(found, ACTS[act](body));
      note(found, act, act === "class" ? `${body.class}: ${body.note}` : null);
      return [200, found];
    }
    return [200, { ...found, events: eventsOf(found) }];
  }
  if (area === "rules") {
    const open = (rule) => incidents.filter((one) => one.rule === rule.id && one.state !== "closed").length;
    const shown = rules.map((rule) => ({ ...rule, open_incidents: open(rule) }));
    if (!named)
      return [
        200,
        {
          rules: process.env.CALM ? [] : shown,
          problems: process.env.CALM
            ? []
            : ["queries/alerts/mine.toml: line 4: unknown field `rase`, expected `raise`"],
        },
      ];
    const saved = known(shown, named, "rule");
    if (act === "lint") return [200, lintRule(named, body.rule)];
    if (method === "PUT") {
      const { problem } = lintRule(named, body.text);
      if (problem) return [400, { error: { code: "bad_request", message: `rule ${named}: ${problem.what}` } }];
      const there = Array.isArray(saved) ? undefined : saved;
      if (there?.version !== body.version)
        return [
          409,
          {
            error: {
              code: "changed_meanwhile",
              message: `the file of rule ${named} is not the one that was read`,
              hint: "read it again, and send its `version`",
            },
          },
        ];
      const { findings } = lintRule(named, body.text);
      const made = { ...readRule(body.text, named), findings };
      const place = rules.findIndex(({ id }) => id === named);
      if (place < 0) rules.push(made);
      else rules[place] = { ...rules[place], ...made, last_tick: rules[place].last_tick };
      return [200, { ...rules.find(({ id }) => id === named), open_incidents: 0 }];
    }
    const rule = body?.rule ? { ...readRule(body.rule, named), targets: ["pager"] } : saved;
    if (Array.isArray(rule)) return rule;
    if (act === "series") {
      const answer = series(rule, method === "POST" ? body : params);
      return answer
        ? [200, answer]
        : [400, { error: { code: "bad_request", message: "that are too many ticks; ask for at most 2000" } }];
    }
    if (act === "backtest") {
      const days = Math.round((+body.to - +body.from) / DAY);
      const outages = body.labels ? body.labels.trim().split("\n").length - 1 : null;
      const own = report(rule.raise.at, days, +body.to, outages);
      own.episodes = Array.from({ length: Math.min(own.opens, 30) }, (_, idx) => ({
        labels: { country: ["DE", "ES", "FR"][idx % 3] },
        from_us: us(+body.from + idx * 5 * HOUR),
        to_us: us(+body.from + idx * 5 * HOUR + 17 * MINUTE),
        summary: "8.3 % of 1 640 requests failed",
        peak: rule.raise.at * 1.7,
        delay_us: 0,
      }));
      const sweep = (body.sweep ?? []).map((raise) => report(raise, days, +body.to, outages));
      return [200, { report: own, sweep }];
    }
    if (act === "fire") {
      if (rule.targets.length === 0)
        return [
          400,
          {
            error: {
              code: "bad_request",
              message: `rule ${rule.id} has no target that the settings know`,
              hint: "write [targets.NAME] into logatlas.toml, or name one with --target",
            },
          },
        ];
      return [
        200,
        ["trigger", "resolve"].flatMap((action) => [
          { target: "pager", action, taken: true, error: null },
          { target: "chat", action, taken: false, error: "status 403: invalid_token" },
        ]),
      ];
    }
    return [200, rule];
  }
  return undefined;
}
