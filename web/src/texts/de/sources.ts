import type en from "../en/sources";

const sources: typeof en = {};

export default sources;
