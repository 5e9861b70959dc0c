import type en from "../en/servers";

const servers: typeof en = {
  title: "Server",
  howFarBack: "Wie weit zurück",
  asking: "Server werden geladen …",
  unknownHost: "unbekannter Server",
  errorsAMinute: "Fehler je Minute",
  errorsOverTime: "Fehler je Minute im Zeitverlauf",
  allErrorsLine: "Fehler aller Server",
  ownErrorsLine: (host) => `Fehler von ${host}`,
  chartsLabel: "Fehler und Last im Zeitverlauf",
  chartLabel: (title, unit) => `${title} der Server im Zeitverlauf, in ${unit}`,
  dragHint: "Über ein Diagramm ziehen, um ein Fenster zu wählen",
  noRequests: (time) => `${time}: keine Anfragen`,
  failed: (time, k, n, rate) => `${time}: ${k} von ${n} Anfragen schlugen fehl, ${rate}`,
  cpu: "CPU",
  memory: "Speicher",
  load: "Last",
  loadOverMinute: "Last über eine Minute",
  percent: "Prozent",
  processes: "Prozessen",
  table: {
    hintNow: "zuerst der, dessen CPU am höchsten stieg; jetzt",
    hintCursor: "zuerst der, dessen CPU am höchsten stieg; am Zeiger",
    showAll: "Alle zeigen",
    none: "Keine Messwerte von Servern in diesem Fenster. logatlas misst den Server, auf dem es läuft.",
    server: "Server",
    peak: "Spitze",
    cpuRises: "Seine CPU steigt",
    against: "Verglichene Fehler",
    againstHint:
      "Ein Server mit genug eigenen Fehlern (fehlgeschlagene Anfragen, Fehler seiner Programme) wird mit diesen verglichen; jeder andere mit denen aller",
    own: (_n, shown) => `${shown} eigene`,
    all: "die aller Server",
    correlation: "Korrelation",
    correlationHint: "Koeffizient nach Pearson beim besten Versatz innerhalb von 15 Minuten",
    unrelated: "nicht mit den Fehlern",
  },
  lag: {
    with: "mit den Fehlern",
    after: (minutes) => `${minutes} min nach den Fehlern`,
    before: (minutes) => `${minutes} min vor den Fehlern`,
  },
};

export default servers;
