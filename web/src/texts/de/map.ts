import type en from "../en/map";

const map: typeof en = {};

export default map;
