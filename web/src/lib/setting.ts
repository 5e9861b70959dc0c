// A choice that outlasts the page, where the browser allows that.

export function readSetting(name: string): string | null {
  try {
    return localStorage.getItem(`logatlas.${name}`);
  } catch {
    return null;
  }
}

export function writeSetting(name: string, value: string): void {
  try {
    localStorage.setItem(`logatlas.${name}`, value);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}
