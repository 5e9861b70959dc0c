// Values as SQL literals, written as the server writes them.

export function textLiteral(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

/** A time of the logs, from microseconds since the epoch. */
export function timeLiteral(us: number): string {
  const ms = Math.floor(us / 1000);
  const rest = String(us - ms * 1000).padStart(3, "0");
  return `TIMESTAMP '${new Date(ms).toISOString().slice(0, 23)}${rest}'`;
}

/** A pattern for `ILIKE` that finds the text anywhere; its own wildcards are no wildcards. */
export function anywhere(text: string): string {
  return textLiteral(`%${text.replace(/[\\%_]/g, "\\$&")}%`);
}

/** That a column has one of these values. */
export function isAmong(column: string, values: readonly (string | null)[]): string {
  const texts = values.filter((value) => value !== null);
  const [first] = texts;
  if (first === undefined) return equals(column, null);
  const among =
    texts.length === 1 ? equals(column, first) : `${column} IN (${texts.map(textLiteral).join(", ")})`;
  return texts.length === values.length ? among : `(${among} OR ${equals(column, null)})`;
}

/** That a column has a value; null is a value too. */
export function equals(column: string, value: string | null): string {
  return value === null ? `${column} IS NULL` : `${column} = ${textLiteral(value)}`;
}
