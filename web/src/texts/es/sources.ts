import type en from "../en/sources";

const sources: typeof en = {
  title: "Orígenes",
  asking: "Pidiendo los orígenes …",
  flushFailed: "falló la última escritura a disco",
  whatBecame: "Qué fue de las líneas",
  balanced: "se sabe qué fue de cada línea recibida",
  lost: (n, shown) =>
    n === 1 ? `no se sabe qué fue de ${shown} línea` : `no se sabe qué fue de ${shown} líneas`,
  dropped: (n, shown) =>
    n === 1
      ? `el núcleo descartó ${shown} datagrama antes de leerlo`
      : `el núcleo descartó ${shown} datagramas antes de leerlos`,
  source: "Origen",
  ago: (time) => `hace ${time}`,
  ledger: {
    received: "Recibidas",
    stored: "= Guardadas",
    rejected: "+ Rechazadas",
    deduplicated: "+ Repetidas",
    blank: "+ Vacías",
    inFlight: "+ En curso",
    missing: "Faltan",
    unparsed: "Sin formato",
    lag: "Retraso",
    lagHint: "De la hora de la línea a su llegada, 9 de cada 10 líneas de los últimos 10 minutos",
    lastLine: "Última línea",
    longAgo: "hace más de 10 min",
    rejectedBecause: "rechazadas:",
    all: "Todos",
  },
  unparsed: {
    title: "Últimas líneas sin formato conocido",
    showAsLines: "Ver como líneas",
    none: "Se entendieron todas las líneas.",
    line: "Línea",
    why: "Por qué",
    time: (zone) => `Hora, ${zone}`,
  },
  files: {
    title: "Archivos",
    file: "Archivo",
    lines: "Líneas",
    bytes: "Bytes leídos",
    state: "Estado",
    done: "leído hasta el final",
    read: (time) => `leído hace ${time}`,
  },
};

export default sources;
