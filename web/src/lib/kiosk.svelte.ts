// Whether this is a screen on a wall, and how much larger it shows things.

import { KIOSK_PAGES, enlarged, parseKiosk, withKiosk, type Kiosk } from "./kiosk";

class KioskState {
  #address = $state.raw<Kiosk>(parseKiosk(location.search));
  #isMade = $state(isMade());
  /** How much larger than laid out; 1 off the wall. */
  zoom = $state(1);

  /** The other pages are the usual ones there too. */
  get on(): boolean {
    return this.#address.on && this.#isMade;
  }

  /** The address as it has to be here: a wall stays one wherever it goes. */
  kept(address: string): string {
    return withKiosk(address, this.#address);
  }

  /** The same place on a wall, or off it. */
  address(on: boolean): string {
    return withKiosk(location.pathname + location.search, { ...this.#address, on });
  }

  /** Follows the address. */
  read(): void {
    this.#address = parseKiosk(location.search);
    this.#isMade = isMade();
    this.fit();
  }

  fit(): void {
    this.zoom = this.on ? enlarged(innerWidth, innerHeight) : 1;
  }
}

function isMade(): boolean {
  return KIOSK_PAGES.includes(location.pathname.split("/")[1] ?? "");
}

export const kiosk = new KioskState();
