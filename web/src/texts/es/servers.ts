import type en from "../en/servers";

const servers: typeof en = {
  title: "Servidores",
  howFarBack: "Desde cuándo",
  asking: "Pidiendo los servidores …",
  unknownHost: "servidor desconocido",
  errorsAMinute: "Errores por minuto",
  errorsOverTime: "Errores por minuto a lo largo del tiempo",
  allErrorsLine: "errores de todos los servidores",
  ownErrorsLine: (host) => `errores de ${host}`,
  chartsLabel: "Errores y carga a lo largo del tiempo",
  chartLabel: (title, unit) => `${title} de los servidores a lo largo del tiempo, en ${unit}`,
  dragHint: "Arrastrar sobre un gráfico para elegir una ventana",
  noRequests: (time) => `${time}: sin peticiones`,
  failed: (time, k, n, rate) => `${time}: fallaron ${k} de ${n} peticiones, ${rate}`,
  cpu: "CPU",
  memory: "Memoria",
  load: "Carga",
  loadOverMinute: "Carga en un minuto",
  percent: "porcentaje",
  processes: "procesos",
  table: {
    hintNow: "primero aquel cuya CPU subió más; ahora",
    hintCursor: "primero aquel cuya CPU subió más; en el cursor",
    showAll: "Mostrar todos",
    none: "No hay métricas de servidores en esta ventana. logatlas mide el servidor en el que se ejecuta.",
    server: "Servidor",
    peak: "Máximo",
    cpuRises: "Su CPU sube",
    against: "Errores comparados",
    againstHint:
      "Un servidor con bastantes errores propios (peticiones fallidas, errores de sus programas) se compara con ellos; los demás, con los de todos",
    own: (n, shown) => (n === 1 ? `${shown} propio` : `${shown} propios`),
    all: "los de todos",
    correlation: "Correlación",
    correlationHint: "Coeficiente de Pearson con el mejor desfase de hasta 15 minutos",
    unrelated: "sin relación con los errores",
  },
  lag: {
    with: "a la vez que los errores",
    after: (minutes) => `${minutes} min después de los errores`,
    before: (minutes) => `${minutes} min antes de los errores`,
  },
};

export default servers;
