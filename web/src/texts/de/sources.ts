import type en from "../en/sources";

const sources: typeof en = {
  title: "Quellen",
  asking: "Quellen werden geladen …",
  flushFailed: "das letzte Schreiben auf die Platte schlug fehl",
  whatBecame: "Was aus den Zeilen wurde",
  balanced: "der Verbleib jeder empfangenen Zeile ist bekannt",
  lost: (n, shown) =>
    n === 1
      ? `der Verbleib von ${shown} Zeile ist unbekannt`
      : `der Verbleib von ${shown} Zeilen ist unbekannt`,
  dropped: (n, shown) =>
    n === 1
      ? `${shown} Datagramm verwarf der Kernel vor dem Lesen`
      : `${shown} Datagramme verwarf der Kernel vor dem Lesen`,
  source: "Quelle",
  ago: (time) => `vor ${time}`,
  ledger: {
    received: "Empfangen",
    stored: "= Gespeichert",
    rejected: "+ Abgelehnt",
    deduplicated: "+ Bekannt",
    blank: "+ Leer",
    inFlight: "+ Unterwegs",
    missing: "Fehlend",
    unparsed: "Ohne Format",
    lag: "Verzug",
    lagHint: "Von der Zeit einer Zeile bis zu ihrer Ankunft, 9 von 10 Zeilen der letzten 10 Minuten",
    lastLine: "Letzte Zeile",
    longAgo: "vor über 10 min",
    rejectedBecause: "abgelehnt:",
    all: "Alle",
  },
  unparsed: {
    title: "Neueste Zeilen ohne passendes Format",
    showAsLines: "Als Zeilen zeigen",
    none: "Jede Zeile wurde verstanden.",
    line: "Zeile",
    why: "Warum",
    time: (zone) => `Zeit, ${zone}`,
  },
  files: {
    title: "Dateien",
    file: "Datei",
    lines: "Zeilen",
    bytes: "Gelesene Bytes",
    state: "Stand",
    done: "bis zum Ende gelesen",
    read: (time) => `vor ${time} gelesen`,
  },
};

export default sources;
