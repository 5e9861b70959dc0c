// What the keys are called in their list.

import { pageKeys } from "./keys";
import { t } from "./texts";

export interface Key {
  readonly keys: readonly string[];
  readonly what: string;
}

export function keyList(): { readonly where: string; readonly keys: readonly Key[] }[] {
  const { keys: said, pages } = t.shared;
  const key = (stroke: string, what: string): Key => ({ keys: [stroke], what });
  return [
    {
      where: said.everywhere,
      keys: [
        key("?", said.help),
        key(`${said.ctrl} K`, said.palette),
        key("/", said.search),
        key("f", said.filter),
        key("t", said.zone),
        key("p", t.live.key),
        ...[...pageKeys()].map(([letter, page]) => ({ keys: ["g", letter], what: said.goTo(pages[page]) })),
      ],
    },
    {
      where: said.map,
      keys: [
        key("v", said.twin),
        key("r", said.metric),
        key("c", said.compare),
        key("p", said.lapse),
        key("+", said.zoomIn),
        key("−", said.zoomOut),
        key("0", said.whole),
        key("Esc", said.up),
      ],
    },
    {
      where: said.table,
      keys: [key("↑", said.rowAbove), key("↓", said.rowBelow), key("Enter", said.open)],
    },
  ];
}
