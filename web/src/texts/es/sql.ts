import type en from "../en/sql";

const sql: typeof en = {};

export default sql;
