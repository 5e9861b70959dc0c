// Whether keys without Ctrl do something: who types with a voice or an odd keyboard may turn them off.

import { readSetting, writeSetting } from "./setting";

class SingleKeys {
  on = $state(readSetting("keys") !== "off");

  choose(on: boolean): void {
    this.on = on;
    writeSetting("keys", on ? "on" : "off");
  }
}

export const singleKeys = new SingleKeys();
