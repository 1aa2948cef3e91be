import type { Session } from '../openstack/session.js';

/** The domains of one collection, as far as they may share a listing of the cloud that they are in. */
export class Neighbours {
  readonly #sessions: readonly Session[];
  readonly #done = new Set<Session>();

  constructor(sessions: readonly Session[]) {
    this.#sessions = sessions;
  }

  /** It will not turn out to see more in this collection. */
  leave(session: Session): void {
    this.#done.add(session);
  }

  /** Whether another domain of the same cloud is known to see all of it. */
  see(session: Session): boolean {
    return this.#others(session).some(({ access }) => access.view === 'cloud');
  }

  /** Whether one may turn out to. */
  maySee(session: Session): boolean {
    return this.#others(session).some((other) => other.access.view === 'unknown' && !this.#done.has(other));
  }

  #others(session: Session): Session[] {
    const { authUrl, region } = session.domain.cloud;
    return this.#sessions.filter(
      (other) => other !== session && other.domain.cloud.authUrl === authUrl && other.domain.cloud.region === region,
    );
  }
}
