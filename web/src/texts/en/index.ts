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

// One file a page. Texts with a part that changes are functions; who calls them formats the numbers. Only types are imported.
export default {
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
