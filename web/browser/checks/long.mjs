// A tab left open: 500 refreshes of the map, then rounds through all pages, with the clock run forward and the answers
// repeated from memory. What the page holds after a collection must not have grown.
import { drawn, pageNames } from "../kit.mjs";

const REFRESHES = 500;
const ROUNDS = 12;
/** Caches fill and code is compiled at first; growth is counted from then on. */
const WARM = 60;
const WARM_ROUNDS = 6;
const HEAP_GROWTH_BYTES_MAX = 3 << 20;
const NODES_GROWTH_MAX = 300;
/** The browser keeps one page that is gone for a while; one kept a round would be ten times as much. */
const PAGE_NODES_MAX = 3000;

/** In the page: answers are asked for once and repeated; the server's clock goes on by ten seconds a refresh. */
function repeat() {
  const real = window.fetch;
  const known = new Map();
  window.asked_ = 0;
  window.fetch = async (input, init) => {
    const url = new URL(String(input), location.href);
    const { searchParams: params, pathname } = url;
    for (const [name, value] of [...params]) if (/\d{4}/.test(value)) params.delete(name);
    // Times differ each time, and are left out.
    const body = String(init?.body ?? "").replace(/\d{4}[\d.:TZ-]*/g, "");
    const key = `${init?.method ?? "GET"} ${pathname}?${params} ${body}`;
    if (!known.has(key)) {
      const response = await real(input, init);
      if (!response.ok) return response;
      known.set(key, { type: response.headers.get("content-type"), text: await response.text() });
    }
    const { type, text } = known.get(key);
    const headers = { "content-type": type ?? "application/json" };
    if (pathname !== "/api/v1/status") return new Response(text, { headers });
    window.asked_ += 1;
    const status = JSON.parse(text);
    status.now = new Date(Date.parse(status.now) + 10_000 * window.asked_).toISOString();
    if (status.data?.to) status.data.to += 10_000 * window.asked_;
    return new Response(JSON.stringify(status), { headers });
  };
  // What the server would tell by itself is taken from what it answers.
  window.EventSource = class extends EventTarget {
    static CLOSED = 2;
    readyState = 1;
    constructor(path) {
      super();
      if (!path.endsWith("/live")) return;
      const say = async () => {
        const data = await (await window.fetch("/api/v1/status")).text();
        for (const [name, text] of [["status", data], ["incidents", '{"changed":["one"]}']])
          this.dispatchEvent(new MessageEvent(name, { data: text }));
      };
      this.timer = setInterval(say, 10_000);
      void say();
    }
    close() {
      clearInterval(this.timer);
    }
  };
}

export default async function ({ origin, another, check, expect }) {
  const context = await another();
  const page = await context.newPage();
  await page.clock.install();
  await page.addInitScript(repeat);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Performance.enable");

  async function held() {
    for (let idx = 0; idx < 2; idx += 1) await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const value = (name) => metrics.find((metric) => metric.name === name).value;
    return { heap: value("JSHeapUsedSize"), nodes: value("Nodes"), listeners: value("JSEventListeners") };
  }

  async function grows(before, what, nodesMax = NODES_GROWTH_MAX) {
    const after = await held();
    const [heap, nodes] = [after.heap - before.heap, after.nodes - before.nodes];
    const listeners = after.listeners - before.listeners;
    const isStill = heap < HEAP_GROWTH_BYTES_MAX && nodes < nodesMax && listeners < nodesMax;
    const figures = `${(heap / 1024).toFixed(0)} KiB, ${nodes} nodes, ${listeners} listeners more ${what}`;
    console.log(`        ${figures}; ${(after.heap / (1 << 20)).toFixed(1)} MiB, ${after.nodes} nodes in all`);
    expect(isStill, figures);
  }

  /** Lets the next refresh come and end. */
  async function refresh() {
    await page.clock.fastForward(10_000);
    await page.evaluate(async () => {
      const isBusy = () => document.querySelector('[aria-busy="true"]') !== null;
      const turn = () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = resolve;
          port2.postMessage(0);
        });
      for (let idx = 0; idx < 500 && (idx < 5 || isBusy()); idx += 1) await turn();
    });
  }

  await check(`a tab left open: ${REFRESHES} refreshes of the map hold no more than ${WARM}`, async () => {
    await page.goto(`${origin}/map`);
    await drawn(page);
    for (let idx = 0; idx < WARM; idx += 1) await refresh();
    const before = await held();
    const asked = () => page.evaluate(() => window.asked_);
    const first = await asked();
    for (let idx = 0; idx < REFRESHES; idx += 1) await refresh();
    const n = (await asked()) - first;
    expect(n > REFRESHES * 0.9, `${n} refreshes`);
    await grows(before, `after ${n} refreshes`);
  });

  await check(`a tab left open: ${ROUNDS} rounds through all pages hold no more than ${WARM_ROUNDS}`, async () => {
    const round = async () => {
      for (const name of pageNames()) {
        await page.evaluate((href) => {
          const link = document.body.appendChild(Object.assign(document.createElement("a"), { href }));
          link.click();
          link.remove();
        }, `/${name}`);
        await refresh();
        await refresh();
      }
    };
    for (let idx = 0; idx < WARM_ROUNDS; idx += 1) await round();
    const before = await held();
    for (let idx = 0; idx < ROUNDS; idx += 1) await round();
    expect(new URL(page.url()).pathname === `/${pageNames().at(-1)}`, page.url());
    await grows(before, `after ${ROUNDS} rounds`, PAGE_NODES_MAX);
  });
  await context.close();
}
