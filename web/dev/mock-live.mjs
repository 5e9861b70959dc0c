// The made-up server's streams: how it is, and lines as they come in. NO_STREAMS=1 refuses them, as a server does that
// has too many open; SKIPPED=1 leaves lines out.
import { sql } from "./mock-sql.mjs";

const LOOK_EVERY_MS = 1000;

/** Tells `look()` once a second until nobody listens; it returns the text of events. */
function follow(response, look) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const tell = () => response.write(look());
  tell();
  const timer = setInterval(tell, LOOK_EVERY_MS);
  response.on("close", () => clearInterval(timer));
}

const event = (name, body) => `retry: 1000\nevent: ${name}\ndata: ${JSON.stringify(body)}\n\n`;

function live(response, status, incidents) {
  let told = new Map();
  let isFirst = true;
  follow(response, () => {
    const now = new Map(incidents().map((one) => [one.id, JSON.stringify(one)]));
    const open = incidents().filter(({ state }) => state !== "closed");
    const changed = [...now.keys()].filter((id) =>
      isFirst ? open.some((one) => one.id === id) : now.get(id) !== told.get(id),
    );
    const isNews = isFirst || changed.length > 0;
    [told, isFirst] = [now, false];
    const lamp = { state: "green", age_s: 1 };
    const news = { changed, open: open.map(({ id }) => id), lamp };
    return event("status", status()) + (isNews ? event("incidents", news) : "");
  });
}

function tail(response, after) {
  let batch = Number(/^-?\d+/.exec(after)?.[0] ?? Math.floor(Date.now() / 1000) - 1.7e9);
  follow(response, () => {
    const [, table] = sql({ sql: `SELECT 1 FROM logs WHERE batch_id > ${batch} AND observed_ts >= 0` });
    if (table.n_rows === 0) return ": \n\n";
    const data = table.data.map((column) => column.toReversed());
    batch = data[table.columns.findIndex(({ name }) => name === "batch_id")].at(-1);
    const skipped = process.env.SKIPPED ? 12_412 : 0;
    return `id: ${batch}.${Date.now()}\n${event("lines", { ...table, data, skipped })}`;
  });
}

/** Whether it was a stream that was asked for. */
export function streams(request, response, url, { status, incidents, fail }) {
  if (!["/api/v1/live", "/api/v1/tail"].includes(url.pathname)) return false;
  if (process.env.NO_STREAMS) fail(503, "too_many_streams", "64 streams are open already");
  else if (url.pathname.endsWith("live")) live(response, status, incidents);
  else tail(response, request.headers["last-event-id"] ?? url.searchParams.get("after") ?? "");
  return true;
}
