import type en from "../en/live";

const live: typeof en = {
  label: "Wie frisch das ist",
  on: "Live",
  asking: "Fragt alle 10 s",
  lost: "Verbindung verloren",
  caughtUp: (ago) => `Stand vor ${ago}`,
  pause: "Anhalten",
  pauseTitle: "Die Seite so lassen, wie sie ist",
  goOn: "Weiter",
  paused: (n, shown) =>
    n === 0 ? "Angehalten" : n === 1 ? "Angehalten, 1 Änderung" : `Angehalten, ${shown} Änderungen`,
  key: "Seite anhalten, außer auf der Karte",
};

export default live;
