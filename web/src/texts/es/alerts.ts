import type en from "../en/alerts";

const alerts: typeof en = {};

export default alerts;
