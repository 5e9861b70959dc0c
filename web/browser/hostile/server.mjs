// A server of its own over a folder of bad inputs, with rules that fire for them and people who write them.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEXTS, linesOf, oddLines } from "./payloads.mjs";

const MINUTE = 60_000;
/** A TOML or JSON string of any text. */
const quoted = (text) => {
  const code = (c) => `\\U${c.codePointAt(0).toString(16).padStart(8, "0")}`;
  return `"${text.replace(/[^ !#-[\]-~]/gu, code)}"`;
};

/** Writes logs, settings, saved queries and rules into a new folder. */
function prepare() {
  const dir = mkdtempSync(join(tmpdir(), "logatlas-hostile-"));
  const path = (name) => join(dir, name);
  for (const name of ["logs", "data", "queries", "queries/alerts"]) mkdirSync(path(name), { mode: 0o700 });
  const since = Date.now() - 4 * MINUTE;
  const parts = [];
  TEXTS.forEach((payload, idx) => {
    for (const line of linesOf(payload, since + idx * 5000)) parts.push(Buffer.from(line), Buffer.from("\n"));
  });
  for (const line of oddLines(Date.now() - MINUTE)) parts.push(Buffer.from(line), Buffer.from("\n"));
  // What can be in a name of a file is in the names of the logs.
  writeFileSync(path("logs/all.log"), Buffer.concat(parts));
  for (const text of ['<img src=x onerror="window.__pwned=1">.log', "\u202egol.\u001b[2J.log", "=1+1.log"])
    writeFileSync(path(`logs/${text}`), `in an odd file ${text}\n`);
  const settings = [
    `queries_dir = ${quoted(path("queries"))}`,
    `[files.${quoted(`<img src=x onerror="window.__pwned=1">`)}]`,
    `paths = [${quoted(path("logs/*.log"))}]`,
  ];
  writeFileSync(path("logatlas.toml"), `${settings.join("\n")}\n`, { mode: 0o600 });
  TEXTS.forEach(({ text }, idx) => {
    const title = text.replace(/[\r\n\u2028\u2029\u0085]/g, " ");
    const sql = `SELECT '${text.replaceAll("\0", "").replaceAll("'", "''")}' AS odd`;
    writeFileSync(path(`queries/odd_${idx}.sql`), `-- ${title}: what?\n${sql}\n`);
  });
  writeFileSync(path("queries/gone.sql"), "-- A table that is not there: what?\nSELECT * FROM lost_stream\n");
  const titles = [8, 80, 10].map((row) => TEXTS.find((payload) => payload.row === row).text);
  for (const [idx, text] of titles.entries())
    writeFileSync(path(`queries/alerts/odd-${idx}.toml`), rule(idx, text), { mode: 0o600 });
  return dir;
}

/** Fires for each host whose requests failed. */
const rule = (idx, text) => `
id = "odd-${idx}"
title = ${quoted(text)}
runbook = ${quoted(idx === 0 ? "javascript:window.__pwned=1" : text)}
[query]
name = "errors_by_host"
labels = ["host"]
value = "rate"
sample = "n"
count = "k"
min_n = 1
unit = "ratio"
[eval]
every = "5s"
window = "${10 + idx}m"
lateness = "1s"
max_wait = "5s"
[raise]
op = ">"
at = 0.05
[recover]
op = "<"
at = 0.01
[explain]
failing = "status >= 500"
among = "status IS NOT NULL"
[route]
severity = "warning"
service = ${quoted(text)}
group_by = ${idx === 0 ? '["host"]' : "[]"}
[limits]
max_keys = 200
`;

/** Starts the program; `stop` ends it and removes its folder. */
export async function start(binary) {
  const dir = prepare();
  const log = join(dir, "serve.log");
  const out = openSync(log, "w");
  const options = ["--config", join(dir, "logatlas.toml"), "--data", join(dir, "data")];
  const serve = ["serve", "--listen", "127.0.0.1:0", "--no-host-metrics"];
  const child = spawn(binary, [...serve, ...options], { stdio: ["ignore", out, out] });
  // Also when the checks break off.
  process.once("exit", () => child.kill("SIGINT"));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const said = () => readFileSync(log, "utf8");
  const token = (...more) => {
    const { stdout } = spawnSync(binary, ["token", "new", ...options, ...more], { encoding: "utf8" });
    return /la_[\w-]+/.exec(stdout)?.[0];
  };
  const stop = async () => {
    child.kill("SIGINT");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 300 && !/http:\/\/127[\d.:]+/.test(said()); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const origin = /http:\/\/127[\d.:]+/.exec(said())?.[0];
  if (!origin) throw new Error(`the server does not start: ${said()}`);
  return { origin, token, stop, said, dir, isUp: () => child.exitCode === null };
}
