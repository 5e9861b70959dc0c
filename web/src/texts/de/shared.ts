import type en from "../en/shared";

const shared: typeof en = {};

export default shared;
