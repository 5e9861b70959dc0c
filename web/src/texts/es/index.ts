import type { Texts } from "../../lib/texts";
import alerts from "./alerts";
import incidents from "./incidents";
import lines from "./lines";
import live from "./live";
import map from "./map";
import overview from "./overview";
import servers from "./servers";
import settings from "./settings";
import shared from "./shared";
import sources from "./sources";
import sql from "./sql";
import time from "./time";

const catalogue: Texts = {
  alerts,
  incidents,
  lines,
  live,
  map,
  overview,
  servers,
  settings,
  shared,
  sources,
  sql,
  time,
};

export default catalogue;
