import type en from "../en/overview";

const overview: typeof en = {};

export default overview;
