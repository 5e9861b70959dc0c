// Dark or light: as the system says, until a person says otherwise.

import { parseKiosk } from "./kiosk";

export type Theme = "dark" | "light";

const KEY = "logatlas.theme";

class ThemeState {
  #chosen = $state<Theme | null>(null);
  #system = $state<Theme>("dark");

  /** Reads the choice and follows the system from now on. */
  start(): void {
    const light = matchMedia("(prefers-color-scheme: light)");
    this.#system = light.matches ? "light" : "dark";
    light.addEventListener("change", () => (this.#system = light.matches ? "light" : "dark"));
    // What the address says is for this screen, and does not become a choice.
    const stored = parseKiosk(location.search).theme ?? read();
    if (stored === "dark" || stored === "light") this.#choose(stored);
  }

  get current(): Theme {
    return this.#chosen ?? this.#system;
  }

  toggle(): void {
    const next = this.current === "dark" ? "light" : "dark";
    this.#choose(next);
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }

  #choose(theme: Theme): void {
    this.#chosen = theme;
    document.documentElement.dataset["theme"] = theme;
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export const theme = new ThemeState();

/** A colour of the style sheet as the canvas knows it. */
export function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
