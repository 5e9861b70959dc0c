import type en from "../en/settings";

const settings: typeof en = {};

export default settings;
