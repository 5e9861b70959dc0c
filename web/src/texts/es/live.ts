import type en from "../en/live";

const live: typeof en = {
  label: "Lo reciente que es esto",
  on: "En directo",
  asking: "Consulta cada 10 s",
  lost: "Sin conexión",
  caughtUp: (ago) => `al día hace ${ago}`,
  pause: "Pausar",
  pauseTitle: "Dejar la página como está",
  goOn: "Seguir",
  paused: (n, shown) => (n === 0 ? "En pausa" : n === 1 ? "En pausa, 1 cambio" : `En pausa, ${shown} cambios`),
  key: "Pausar la página, salvo en el mapa",
};

export default live;
