// How fresh what is shown is, on every page.
export default {
  label: "How fresh this is",
  on: "Live",
  asking: "Asks every 10 s",
  lost: "Connection lost",
  caughtUp: (ago: string) => `caught up ${ago} ago`,
  pause: "Pause",
  pauseTitle: "Hold the page as it is",
  goOn: "Go on",
  paused: (n: number, shown: string) =>
    n === 0 ? "Paused" : n === 1 ? "Paused, 1 change" : `Paused, ${shown} changes`,
  key: "Pause the page, except on the map",
};
