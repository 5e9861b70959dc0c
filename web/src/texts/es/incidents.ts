import type en from "../en/incidents";

const incidents: typeof en = {};

export default incidents;
