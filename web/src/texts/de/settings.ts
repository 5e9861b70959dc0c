import type en from "../en/settings";

const settings: typeof en = {
  choices: "Dieser Browser",
  choicesNote: "hier gemerkt, nicht auf dem Server",
  language: "Sprache",
  times: "Zeiten in",
  colours: "Farben",
  dark: "Dunkel",
  light: "Hell",
  keys: "Einzelne Tasten",
  on: "An",
  off: "Aus",

  geo: "Wo Adressen sind",
  geoNote: "die Daten, aus denen die Orte stammen",
  source: "Quelle",
  built: "Erstellt",
  age: "Alter",
  noGeo: "Keine Geodaten: jeder Ort ist unbekannt.",
  outlines: "Umrisse: Natural Earth, gemeinfrei. `logatlas geo` erzeugt neuere Daten.",

  store: "Speicher",
  rows: "Zeilen",
  firstRow: "Erste Zeile",
  lastRow: "Letzte Zeile",
  onDisk: "Auf der Platte",
  inFiles: (megabytes, files) => `${megabytes} MB in ${files} Dateien`,
  fresh: "Noch nicht in Dateien",
  caughtUp: "Von der Ankunft zur Platte",

  about: "Über",
  version: "Version",
  data: "Daten",
  madeUp: "ein erfundener Tag",
  licence: "Lizenz",
  licences: "MIT oder Apache-2.0",
  api: "Schnittstelle",
  openapi: "OpenAPI-Dokument",
};

export default settings;
