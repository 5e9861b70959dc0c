import type en from "../en/time";

const time: typeof en = {
  page: "Zeit",
  title: "Zeit",
  asking: "Die Tage werden abgefragt …",
  howMany: "Wie viele Tage",
  days: (n) => `${n} Tage`,

  heat: "Fehlerrate nach Stunde und Tag",
  heatSpoken: (zone) => `Fehlerrate nach Uhrzeit und Tag, ${zone}, der neueste Tag zuerst`,
  choose: "Eine Stunde wählen, oder rechts einen Tag",
  cell: (when, k, n, rate) => `${when}: ${k} von ${n} fehlgeschlagen, ${rate}`,
  cellNone: (when) => `${when}: keine Daten`,
  few: "zu wenige für eine Aussage",
  part: "noch nicht vorbei",
  wholeDay: "Tag",
  allDays: "Alle Tage",
  hours: (n) => `${n} h`,
  lengthTitle: "An diesem Tag werden die Uhren umgestellt",

  repeat: (hours) => `Es wiederholt sich: ${hours} ist an den meisten Tagen schlechter als der Rest des Tages`,
  repeatNone: "Keine Stunde ist an den meisten Tagen schlechter als der Rest des Tages",
  repeatUnknown: "Zu wenige Tage, um zu sagen, ob es sich wiederholt",

  legend: "Fehler / Anfragen",
  legendFew: (enough) => `unter ${enough} Anfragen: zu wenige für eine Aussage`,
  legendNone: "keine Daten",
  legendPart: "noch nicht vorbei",

  rate: "Fehlerrate",
  before: "eine Woche davor",
  nothingBefore: "über die Woche davor ist nichts bekannt",
  requests: "Anfragen pro Minute",
  rateSpoken: "Fehlerrate im Zeitverlauf, gegen eine Woche davor",
  requestsSpoken: "Anfragen pro Minute im Zeitverlauf, gegen eine Woche davor",
  drag: "Über ein Diagramm ziehen wählt ein Zeitfenster",
  quiet: (time) => `${time}: keine Anfragen`,
  weekBefore: (rate) => `${rate} eine Woche davor`,
  reset: "Zurück zum letzten Tag",
  toMap: "Auf der Karte",
  toLines: "Zeilen",
  toOverview: "Überblick",
};

export default time;
