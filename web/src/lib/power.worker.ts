// Finds areas where nobody waits for it.

import { powerCells, type Rect, type Site } from "./power";

addEventListener("message", ({ data }: MessageEvent<{ sites: Site[]; rect: Rect }>) => {
  postMessage(powerCells(data.sites, data.rect));
});
