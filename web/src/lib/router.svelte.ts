// Where in the view a person is. Every state is an address: links work, and so does the Back button.

import { NOTHING, sharedBy } from "./filters";
import { kiosk } from "./kiosk.svelte";
import { formatRoute, inner, parseRoute, type PageName, type Route } from "./routes";

class Router {
  route = $state.raw<Route>(parseRoute(location.pathname, location.search));

  /** What goes along from page to page, and the query part that each page had last. */
  shared = $state.raw(NOTHING);
  readonly left: Partial<Record<PageName, string>> = {};

  /** Reads the address and follows it from now on; returns how to stop. */
  start(): () => void {
    const follow = () => {
      kiosk.read();
      this.#read();
    };
    follow();
    this.replace(formatRoute(this.route));
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }

  go(to: string): void {
    const address = kiosk.kept(to);
    if (address === location.pathname + location.search) return;
    history.pushState(null, "", address);
    const before = this.route;
    this.#read();
    if (before.page !== this.route.page || before.id !== this.route.id) scrollTo(0, 0);
  }

  /** Corrects the address without a step that Back would go to. */
  replace(address: string): void {
    history.replaceState(null, "", kiosk.kept(address));
    this.#read();
  }

  /** Onto a wall, or off it: the same place, and Back undoes it. */
  mount(on: boolean): void {
    const address = kiosk.address(on);
    if (address === location.pathname + location.search) return;
    history.pushState(null, "", address);
    kiosk.read();
    this.#read();
  }

  #read(): void {
    const route = parseRoute(location.pathname, location.search);
    this.shared = sharedBy(route.page, route.search, this.shared);
    this.left[route.page] = route.search;
    this.route = route;
  }

  /** Takes clicks on links that stay within the view; all others are the browser's. */
  onclick(event: MouseEvent): void {
    const isPlain = !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (event.defaultPrevented || event.button !== 0 || !isPlain || !link || link.target) return;
    const address = inner(link.href, location.origin);
    if (address === null) return;
    event.preventDefault();
    this.go(address);
  }
}

export const router = new Router();
