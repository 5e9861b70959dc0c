import type en from "../en/settings";

const settings: typeof en = {
  choices: "Este navegador",
  choicesNote: "se guarda aquí, no en el servidor",
  language: "Idioma",
  times: "Horas en",
  colours: "Colores",
  dark: "Oscuros",
  light: "Claros",
  keys: "Teclas sueltas",
  on: "Sí",
  off: "No",

  geo: "Dónde están las direcciones",
  geoNote: "los datos de los que salen los lugares",
  source: "Fuente",
  built: "Creado",
  age: "Edad",
  noGeo: "Sin datos geográficos: todos los lugares son desconocidos.",
  outlines: "Contornos: Natural Earth, dominio público. `logatlas geo` crea datos más nuevos.",

  store: "Almacén",
  rows: "Filas",
  firstRow: "Primera fila",
  lastRow: "Última fila",
  onDisk: "En disco",
  inFiles: (megabytes, files) => `${megabytes} MB en ${files} archivos`,
  fresh: "Aún no en archivos",
  caughtUp: "De la llegada al disco",

  about: "Acerca de",
  version: "Versión",
  data: "Datos",
  madeUp: "un día inventado",
  licence: "Licencia",
  licences: "MIT o Apache-2.0",
  api: "Interfaz",
  openapi: "Documento OpenAPI",
};

export default settings;
