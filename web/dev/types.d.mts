export const DOCUMENT: URL;
export const TYPES: URL;
export function typesOf(document: URL): Promise<string>;
