import type en from "../en/lines";

const lines: typeof en = {};

export default lines;
