// The zone that times are shown in. The server knows UTC only, and so does the address.

import { readSetting, writeSetting } from "./setting";
import { isZone } from "./wall";

export type ZoneMode = "utc" | "local" | "place";
const MODES: readonly ZoneMode[] = ["utc", "local", "place"];

class ZoneState {
  mode = $state<ZoneMode>(MODES.find((mode) => mode === readSetting("zone")) ?? "utc");
  /** Of the country that is shown; null in the world, and where it is not known. */
  place = $state<string | null>(null);

  readonly local = new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  /** What there is to choose from. */
  get modes(): ZoneMode[] {
    return MODES.filter((mode) => mode !== "place" || this.place !== null);
  }

  /** What is chosen, as far as it is there. */
  get effective(): ZoneMode {
    return this.modes.includes(this.mode) ? this.mode : "utc";
  }

  get name(): string {
    const mode = this.effective;
    if (mode === "local") return this.local;
    return mode === "place" ? (this.place ?? "UTC") : "UTC";
  }

  choose(mode: ZoneMode): void {
    this.mode = mode;
    writeSetting("zone", mode);
  }

  next(): void {
    const { modes } = this;
    this.choose(modes[(modes.indexOf(this.effective) + 1) % modes.length] ?? "utc");
  }

  follow(zone: string | undefined): void {
    this.place = zone && isZone(zone) ? zone : null;
  }
}

export const zone = new ZoneState();
