import type en from "../en/lines";

const lines: typeof en = {
  title: "Líneas",
  views: "Vistas de las líneas",
  shapesView: "Formas",
  textInLine: "Texto en la línea",
  find: "Buscar",
  howFarBack: "Desde cuándo",
  reload: "Recargar",
  live: "En directo",
  goLive: "Ver en directo",
  asking: "Pidiendo las líneas …",
  facets: {
    title: "Acotar",
    chosen: (n, shown) => (n === 1 ? `${shown} elegido` : `${shown} elegidos`),
    showAll: "Mostrar todas las líneas",
    any: "todos",
    anyOf: (facet) => `todos: ${facet}`,
    none: "sin valor",
    allAlike: "Todas las líneas son iguales.",
    counting: "Contando …",
    titles: {
      level: "Nivel",
      status: "Estado HTTP",
      error_class: "Tipo de fallo",
      service: "Servicio",
      host: "Servidor",
      path: "Ruta",
      as_org: "Red",
      country: "País",
      format: "Formato",
      source: "Origen",
    },
  },
  list: {
    label: "Líneas, primero la más reciente",
    paused: (n, shown) => (n === 1 ? `En pausa, ${shown} nueva` : `En pausa, ${shown} nuevas`),
    goOn: "Seguir",
    skipped: (n, shown) =>
      n === 1
        ? `${shown} línea llegó demasiado deprisa y se omitió`
        : `${shown} líneas llegaron demasiado deprisa y se omitieron`,
    waiting: "Esperando líneas …",
    noneLike: "Ninguna línea de esta ventana es así.",
    none: "No hay líneas en esta ventana.",
    older: "Líneas anteriores",
    count: (shown, total) => `${shown} a la vista, ${total} en esta ventana`,
    toPort: (what, port) => `${what} al puerto ${port}`,
  },
  sheet: {
    label: "Una línea",
    close: "Cerrar",
    empty: (names) => `Vacíos: ${names}`,
    nothingEmpty: "ninguno",
    gone: "La línea ya no está; puede que fuera demasiado antigua.",
    asking: "Pidiendo la línea …",
    around: (source) => `A su alrededor, de ${source}`,
    noSource: "sin origen",
    nothingElse: "Su origen no escribió nada más en 30 s.",
  },
  shapes: {
    of: (shapes, lines) => `${shapes} en ${lines} líneas; sin números, direcciones ni textos entre comillas`,
    ofNewest: (shapes, lines) =>
      `${shapes} en ${lines} líneas, las más recientes de esta ventana; sin números, direcciones ni textos entre comillas`,
    noText: "Ninguna línea de esta ventana tiene texto.",
    shape: "Forma",
    lines: "Líneas",
    share: "Parte",
    first: (zone) => `Primera, ${zone}`,
    last: (zone) => `Última, ${zone}`,
    rarer: (n, shown) => (n === 1 ? `y ${shown} más rara` : `y ${shown} más raras`),
  },
};

export default lines;
