import type en from "../en/time";

const time: typeof en = {
  page: "Tiempo",
  title: "Tiempo",
  asking: "Preguntando por los días …",
  howMany: "Cuántos días",
  days: (n) => `${n} días`,

  heat: "Tasa de errores por hora y día",
  heatSpoken: (zone) => `Tasa de errores por hora del reloj y día, ${zone}, el día más reciente primero`,
  choose: "Elige una hora, o un día a la derecha",
  cell: (when, k, n, rate) => `${when}: fallaron ${k} de ${n}, ${rate}`,
  cellNone: (when) => `${when}: sin datos`,
  few: "muy pocas para decir algo",
  part: "aún no ha terminado",
  wholeDay: "Día",
  allDays: "Todos",
  hours: (n) => `${n} h`,
  lengthTitle: "Ese día cambia la hora",

  repeat: (hours) => `Se repite: ${hours} va peor que el resto del día casi todos los días`,
  repeatNone: "Ninguna hora es peor que el resto del día en la mayoría de los días",
  repeatUnknown: "Hay pocos días para saber si se repite",

  legend: "Errores / peticiones",
  legendFew: (enough) => `menos de ${enough} peticiones: muy pocas para decir algo`,
  legendNone: "sin datos",
  legendPart: "aún no ha terminado",

  rate: "tasa de errores",
  before: "una semana antes",
  nothingBefore: "nada se sabe de la semana anterior",
  requests: "peticiones por minuto",
  rateSpoken: "Tasa de errores en el tiempo, frente a una semana antes",
  requestsSpoken: "Peticiones por minuto en el tiempo, frente a una semana antes",
  drag: "Arrastra sobre un gráfico para elegir un intervalo",
  quiet: (time) => `${time}: sin peticiones`,
  weekBefore: (rate) => `${rate} una semana antes`,
  reset: "Volver al último día",
  toMap: "En el mapa",
  toLines: "Líneas",
  toOverview: "Resumen",
};

export default time;
