import type en from "../en/time";

const time: typeof en = {};

export default time;
