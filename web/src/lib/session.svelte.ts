// Whether a person is signed in. Any answer of 401 ends it, whoever asked.

import { Failure, type SessionState } from "./api";

class Session {
  /** Null until the server has said. */
  state = $state<SessionState | null>(null);

  /** True when the error means that the session is over. */
  lostBy(error: unknown): boolean {
    const lost = error instanceof Failure && error.status === 401;
    if (lost) this.state = "signed_out";
    return lost;
  }
}

export const session = new Session();
