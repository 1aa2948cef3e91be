import type { Domain } from '../../src/domains/domain.js';
import type { Ask } from '../../src/http/client.js';
import { FairLimiter } from '../../src/http/limiter.js';
import type { HttpAnswer } from '../../src/http/request.js';
import { LoginGates } from '../../src/openstack/gates.js';
import { Remembered } from '../../src/openstack/remembered.js';
import { Passwords } from '../../src/openstack/password.js';
import { SecretVariables } from '../../src/secret.js';
import { Session } from '../../src/openstack/session.js';
import { Visit, type CloudAccess } from '../../src/openstack/visit.js';
import { TestClock } from '../helpers/clock.js';
import { answer, ask, domain, fail, FakeHttp, refusal, tokenAnswer, type Sent } from './fake.js';

interface AuthBody {
  auth: { identity: { methods: string[]; token?: { id: string } }; scope: { project: { id?: string } } };
}

export const authOf = ({ request }: Sent): AuthBody['auth'] => (request.body as AuthBody).auth;

/** A small cloud: it issues tokens, takes those that are good, and lets a test change each answer. */
export class Bench {
  readonly clock = new TestClock();
  readonly logins: string[] = [];
  readonly http = new FakeHttp((sent) => this.#respond(sent));
  readonly session: Session;
  readonly cloud: CloudAccess;
  /** Tokens that services and rescopes take. */
  readonly good = new Set<string>();
  /** Projects that Keystone gives no token for. */
  readonly refused = new Set<string>();
  random = 0;
  tokenSeconds = 3600;
  /** In place of a new token. */
  onLogin: ((sent: Sent) => Promise<HttpAnswer>) | null = null;
  /** Answers of the services, to requests whose token is good. */
  onGet: (sent: Sent) => HttpAnswer | Promise<HttpAnswer> = () => answer({});
  #issued = 0;

  constructor(line: Domain = domain()) {
    this.session = new Session(line, {
      http: this.http.client,
      gates: new LoginGates(this.clock),
      passwords: new Passwords(new SecretVariables({})),
      clock: this.clock,
      random: () => this.random,
      observeLogin: (result) => void this.logins.push(result),
    });
    this.cloud = {
      http: this.http.client,
      projects: new FairLimiter({ slots: 128, holders: 128 }),
      microversions: new Remembered(this.clock),
      withoutChanges: new Remembered(this.clock),
      picks: new Remembered(this.clock),
      clock: this.clock,
      untilResync: null,
      confirmFrom: Infinity,
      shareFrom: 0,
      noteEndpoint: () => undefined,
    };
  }

  visit(request: Ask = ask()): Visit {
    return new Visit(this.session, request, this.cloud);
  }

  /** Makes every token worthless, as a password change or a restarted Keystone does. */
  revoke(): void {
    this.good.clear();
  }

  count(start: string): number {
    return this.http.lines.filter((line) => line.startsWith(start)).length;
  }

  /** Logins by a secret, be it a password. */
  get passwordLogins(): number {
    return this.http.sent.filter((sent) => sent.repeatable === 'login').length;
  }

  issue(project: string): HttpAnswer {
    this.#issued += 1;
    const token = `${project}-${this.#issued}`;
    this.good.add(token);
    return tokenAnswer(token, project, this.tokenSeconds);
  }

  #respond(sent: Sent): HttpAnswer | Promise<HttpAnswer> {
    if (sent.request.method === 'POST') {
      const { identity, scope } = authOf(sent);
      if (identity.methods[0] !== 'token') return this.onLogin ? this.onLogin(sent) : this.issue('home');
      if (!this.good.has(identity.token!.id)) return fail(refusal(404));
      if (this.refused.has(scope.project.id!)) return fail(refusal(401));
      return this.issue(scope.project.id!);
    }
    if (!this.good.has(sent.token ?? '')) return fail(refusal(401));
    return this.onGet(sent);
  }
}
