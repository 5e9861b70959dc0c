// An incident for tests, with what matters to them.

import type { Incident } from "./incidents-api";

export function incident(change: Partial<Incident>): Incident {
  return {
    id: "a",
    rule: "r",
    kind: "value",
    title: "5xx rate",
    unit: "ratio",
    labels: { country: "DE" },
    members: [],
    episode: 1,
    dedup_key: "k",
    state: "firing",
    severity: "error",
    service: "web",
    team: "web",
    opened_at: 1,
    closed_at: null,
    close_reason: null,
    value: 0.08,
    peak_value: 0.1,
    threshold: 0.05,
    n: 800,
    summary: "",
    client_url: "",
    runbook_url: "",
    flapping: false,
    mute: null,
    bundle: null,
    sent_at: null,
    acked_at: null,
    acked_by: null,
    class: null,
    class_note: null,
    class_by: null,
    explanation: null,
    ...change,
  };
}
