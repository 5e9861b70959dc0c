import type en from "../en/servers";

const servers: typeof en = {};

export default servers;
