import { createHash } from 'node:crypto';

export interface Token {
  readonly id: string;
  readonly userId: string;
  /** null: unscoped. */
  readonly projectId: string | null;
  readonly methods: readonly string[];
  /** null: of another kind of login. */
  readonly applicationCredentialId: string | null;
  readonly auditIds: readonly string[];
  readonly issuedAt: number;
  /** Milliseconds; from this moment on the token is refused. */
  readonly expiresAt: number;
}

export interface TokenRequest {
  userId: string;
  projectId: string | null;
  methods: readonly string[];
  /** For a token obtained from a token: it keeps this one's end. */
  parent: Token | null;
  /** Its token ends with it, at the latest. */
  applicationCredential: { id: string; expiresAt: number | null } | null;
  lifeSeconds: number;
}

/** Of Fernet's form and length; which text, only this process knows. */
function opaque(seed: string): string {
  const half = (n: number): string => createHash('sha512').update(`${seed} ${n}`).digest('base64url');
  return `gAAAAAB${half(1)}${half(2)}xxx=`;
}

export class TokenStore {
  readonly #tokens = new Map<string, Token>();
  readonly #now: () => number;
  #issued = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  issue(request: TokenRequest): Token {
    // Keystone writes whole seconds: a life of 30 s ends with second 30, however late in its second it began.
    const issuedAt = Math.floor(this.#now() / 1000) * 1000;
    const number = ++this.#issued;
    if (number % 1000 === 0) this.#sweep();
    const audit = createHash('md5').update(`audit ${number}`).digest('base64url');
    const { parent, applicationCredential: credential } = request;
    const ends = parent ? parent.expiresAt : issuedAt + request.lifeSeconds * 1000;
    const token: Token = {
      id: opaque(`${number} ${request.userId} ${issuedAt}`),
      userId: request.userId,
      projectId: request.projectId,
      methods: request.methods,
      applicationCredentialId: credential?.id ?? null,
      auditIds: parent ? [audit, ...parent.auditIds.slice(-1)] : [audit],
      issuedAt,
      expiresAt: Math.min(ends, credential?.expiresAt ?? Infinity),
    };
    this.#tokens.set(token.id, token);
    return token;
  }

  /** null: unknown, revoked or expired. */
  find(id: string | undefined): Token | null {
    const token = id === undefined ? undefined : this.#tokens.get(id);
    return token && this.#now() < token.expiresAt ? token : null;
  }

  /** By this cloud's clock. */
  isPast(time: number): boolean {
    return time <= this.#now();
  }

  /** Whether it has the form of a token: Keystone answers nonsense otherwise than tokens past their life. */
  hasForm(id: string): boolean {
    return id.startsWith('gAAAAAB');
  }

  revoke(id: string): void {
    this.#tokens.delete(id);
  }

  /** As after a password change: all tokens of a user, or of everybody. */
  revokeAll(userId?: string): void {
    for (const token of this.#tokens.values()) {
      if (userId === undefined || token.userId === userId) this.#tokens.delete(token.id);
    }
  }

  #sweep(): void {
    const now = this.#now();
    for (const token of this.#tokens.values()) if (token.expiresAt <= now) this.#tokens.delete(token.id);
  }
}
