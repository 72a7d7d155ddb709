import type { ReportedEvent } from '../../../src/events/identity-event.js';
import type { Answer, Person } from './person.js';
import type { BetterAuthServer } from './server.js';

/** A request that was made, and what it has to come to, in order. */
export interface Step {
  readonly flow: string;
  readonly request: string;
  readonly requestId: string;
  readonly expected: readonly string[];
}

/** People at a better-auth, and what they do there. */
export class World {
  readonly server: BetterAuthServer;
  readonly steps: Step[] = [];
  /** Everything that must never leave. */
  readonly secrets = new Set<string>();
  readonly #people: Person[] = [];
  readonly #asked: (step: Step) => Promise<void>;
  /** Names by id. */
  readonly #names = new Map<string, string>();
  flow = '';

  /** @param asked called after each request */
  constructor(server: BetterAuthServer, asked: (step: Step) => Promise<void> = () => Promise.resolve()) {
    this.server = server;
    this.#asked = asked;
  }

  person(): Person {
    const person = this.server.person();
    this.#people.push(person);
    return person;
  }

  /** Makes a request, which has to be answered with the status and to come to what is expected. */
  async does(answer: Promise<Answer>, request: string, status: number, ...expected: string[]): Promise<Answer> {
    const { status: got, requestId, headers, body } = await answer;
    if (got !== status)
      throw new Error(
        `${this.flow}: ${request} was answered with ${got}: ${JSON.stringify(body)} ${headers.get('location')}`,
      );
    // Who is called how is noted while they are there.
    for (const { id } of this.server.database.user ?? []) this.nameOf({ id: String(id) });
    const step = { flow: this.flow, request, requestId, expected };
    this.steps.push(step);
    await this.#asked(step);
    return { status: got, requestId, headers, body };
  }

  /** Whoever has this e-mail address is called so from now on. */
  call(name: string, email: string): string {
    const row = this.server.database.user?.find((user) => user.email === email);
    const id = String(row?.id);
    this.#names.set(id, name);
    return id;
  }

  /** A user by the name in the test, one who is not known by what was typed, nobody by a dash. */
  nameOf(user: { readonly id?: string; readonly username?: string } | undefined): string {
    if (user?.id !== undefined) {
      if (!this.#names.has(user.id)) {
        const row = this.server.database.user?.find(({ id }) => id === user.id);
        const email = row?.isAnonymous === true ? 'guest' : String(row?.email ?? user.username ?? user.id);
        this.#names.set(user.id, email.split('@')[0] ?? email);
      }
      return this.#names.get(user.id) ?? user.id;
    }
    return user?.username ?? '-';
  }

  /** The last thing that was sent to somebody. */
  sentTo(to: string): string {
    const sent = this.server.outbox.get(to)?.at(-1) ?? '';
    if (sent.length > 8) this.secrets.add(sent);
    return sent;
  }

  /** A password, a code, a token: it must never leave. */
  secret(text: string): string {
    this.secrets.add(text);
    return text;
  }

  /** Notes what the browsers were given and what the database keeps; rows that are gone were noted before. */
  collectSecrets(): void {
    for (const person of this.#people) for (const secret of person.seen) if (isSecret(secret)) this.secrets.add(secret);
    const { account, session, verification, twoFactor, jwks, oauthClient, passkey } = this.server.database;
    const note = (rows: readonly Record<string, unknown>[] | undefined, ...fields: string[]): void => {
      for (const row of rows ?? []) for (const field of fields) if (isSecret(row[field])) this.secrets.add(row[field]);
    };
    note(account, 'password', 'accessToken', 'refreshToken', 'idToken');
    note(session, 'token');
    note(verification, 'identifier');
    note(twoFactor, 'secret', 'backupCodes');
    note(jwks, 'privateKey');
    note(oauthClient, 'clientSecret');
    note(passkey, 'publicKey', 'credentialID');
  }
}

/** Long enough to be one; where an address stands it is there to be found by it. */
const isSecret = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 10 && !value.includes('@') && !value.startsWith('+');

/** What an event says, in one line. */
export function wordsOf(event: ReportedEvent, nameOf: World['nameOf']): string {
  return [event.type, nameOf(event.user), event.initiator?.type, ...detailsOf(event)].filter(Boolean).join(' ');
}

function detailsOf(event: ReportedEvent): (string | undefined)[] {
  const { reason, credential, changes, token, sessions, application, organization } = event;
  const step = reason?.failedStep;
  return [
    event.authenticationMethods?.join('+'),
    reason?.code,
    step && `at ${step.step}:${step.authenticator}`,
    credential && `${credential.type} ${credential.change}`,
    credential?.name,
    ...(['added', 'updated', 'removed'] as const).map(
      (kind) => changes?.[kind] && `${kind} ${Object.keys(changes[kind]).join(',')}`,
    ),
    token && `${token.kind} ${token.format}`,
    token?.grantType,
    application?.name,
    organization?.name,
    sessions && sessions.length > 1 ? `×${sessions.length}` : undefined,
  ];
}
