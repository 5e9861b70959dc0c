// Long work in short slices, so that a click never waits for it.

const SLICE_MS = 12;

/** Runs the steps to their end; null once the signal says that nobody waits any more. */
export async function inSlices<T>(steps: Generator<undefined, T>, signal: AbortSignal): Promise<T | null> {
  let until = performance.now() + SLICE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() < until) continue;
    await new Promise((resolve) => setTimeout(resolve));
    if (signal.aborted) return null;
    until = performance.now() + SLICE_MS;
  }
}
