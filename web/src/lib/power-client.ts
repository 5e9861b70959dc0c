// Asks the worker for areas; where there is none, the page finds them itself in slices.

import { powerSteps, type Point, type Rect, type Site } from "./power";
import { inSlices } from "./slices";

/** Null once the signal says that nobody waits any more. */
export function areasOf(sites: readonly Site[], rect: Rect, signal: AbortSignal): Promise<Point[][] | null> {
  return new Promise((resolve) => {
    // One for each question: ending it is the only way to stop it.
    const worker = new Worker(new URL("./power.worker.ts", import.meta.url), { type: "module" });
    const end = (cells: Point[][] | null) => {
      worker.terminate();
      resolve(cells);
    };
    signal.addEventListener("abort", () => end(null), { once: true });
    worker.addEventListener("message", ({ data }: MessageEvent<Point[][]>) => end(data));
    worker.addEventListener("error", () => {
      worker.terminate();
      void inSlices(powerSteps(sites, rect), signal).then(resolve);
    });
    worker.postMessage({ sites, rect });
  });
}
