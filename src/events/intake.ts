import { SetwireError } from '../errors.js';
import { validatorOf } from '../schemas.js';
import type { IdentityEvent } from './identity-event.js';
import { CopyRefused, type CopyRule, type Plain, plainCopy } from './plain-copy.js';
import { refusalOf } from './refusal.js';

/** Why an event is refused: a bounded set, to count by. */
export type RefusalRule = CopyRule | 'schema';

/** A reported event that is not one: code SETWIRE_EVENT_INVALID. The message names members and rules, never a value. */
export class EventRefused extends SetwireError {
  readonly rule: RefusalRule;

  constructor(rule: RefusalRule, why: string, options?: ErrorOptions) {
    super('SETWIRE_EVENT_INVALID', `the event was refused: ${why}`, options);
    this.name = 'EventRefused';
    this.rule = rule;
  }
}

export interface IntakeDeps {
  /** Milliseconds since 1970. */
  now(): number;
  /** A new UUID. */
  newId(): string;
  /** Issuer URL of the identity server, where it is known; an event's own goes before it. */
  readonly issuer?: string;
}

/** What was reported, as a copy, and when; to be accepted once. */
export interface Captured {
  readonly copy: Plain;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The two halves of the intake. */
export interface Intake {
  /**
   * Copies what was reported: nothing of the reporter's is kept, none of its code runs.
   *
   * @throws EventRefused (SETWIRE_EVENT_INVALID)
   */
  capture(reported: unknown): Captured;
  /**
   * Fills in `id` (lower-cased where it is given), `time` and `acceptedAt` (when it was captured; `acceptedAt` always),
   * checks the whole against `identity-event.schema.json`, and freezes it deeply.
   *
   * @throws EventRefused (SETWIRE_EVENT_INVALID)
   */
  accept(captured: Captured): IdentityEvent;
}

/** The members in the order in which every event has them. */
const members: readonly string[] = Object.keys({
  id: true,
  type: true,
  time: true,
  acceptedAt: true,
  correlationId: true,
  issuer: true,
  user: true,
  tenant: true,
  organization: true,
  userStore: true,
  application: true,
  applications: true,
  session: true,
  sessions: true,
  token: true,
  credential: true,
  changes: true,
  reason: true,
  authenticationMethods: true,
  acr: true,
  initiator: true,
  action: true,
  burst: true,
  source: true,
} satisfies Record<keyof IdentityEvent, true>);

type PlainObject = { [name: string]: Plain };

const isObject = (value: Plain | undefined): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A client chooses its own user agent and may have a say in an error's words: it must not be able to have its event refused. */
function makeLegible(parent: Plain | undefined, name: string): void {
  if (!isObject(parent)) return;
  const text = parent[name];
  if (typeof text !== 'string') return;
  const legible = text.slice(0, 1024).replace(/\p{Cc}|\p{Cs}/gu, '\ufffd');
  if (legible === '') delete parent[name];
  else if (legible !== text) parent[name] = legible;
}

const isMember = new Set(members);

function complete(reported: PlainObject, now: number, deps: IntakeDeps): PlainObject {
  makeLegible(reported.initiator, 'userAgent');
  makeLegible(reported.reason, 'description');
  makeLegible(reported.reason, 'userDescription');
  const { id = deps.newId(), time = now, issuer = deps.issuer } = reported;
  reported.id = typeof id === 'string' ? id.toLowerCase() : id;
  reported.time = time;
  reported.acceptedAt = now;
  if (issuer !== undefined) reported.issuer = issuer;
  // Name by name: to spread it takes ten times as long as all the rest, on the host's thread.
  const event: PlainObject = {};
  for (const name of members) {
    const member = reported[name];
    if (member !== undefined) event[name] = member;
  }
  // What is no member goes along, for the schema to refuse it by name.
  for (const [name, member] of Object.entries(reported)) if (!isMember.has(name)) event[name] = member;
  return event;
}

function freeze(value: Plain): void {
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) freeze(member);
  Object.freeze(value);
}

/** The intake: makes an identity event of what a host or an application reports (`ReportedEvent`, or anything else). */
export function intakeWith(deps: IntakeDeps): Intake {
  const violationsOf = validatorOf('identity-event.schema.json');
  // Compiles the schema now, at the host's start: its first login would wait for that.
  violationsOf(undefined);
  return {
    capture: (reported) => ({ copy: copyOf(reported), at: deps.now() }),
    accept({ copy, at }) {
      if (!isObject(copy)) throw new EventRefused('not_plain', 'it is not an object');
      const event = complete(copy, at, deps);
      const violations = violationsOf(event);
      if (violations.length > 0) throw new EventRefused('schema', refusalOf(violations, members));
      freeze(event);
      return event as unknown as IdentityEvent;
    },
  };
}

/** Both halves at once. */
export function acceptWith(deps: IntakeDeps): (reported: unknown) => IdentityEvent {
  const { capture, accept } = intakeWith(deps);
  return (reported) => accept(capture(reported));
}

function copyOf(reported: unknown): Plain {
  try {
    return plainCopy(reported);
  } catch (error) {
    if (error instanceof CopyRefused) throw new EventRefused(error.rule, error.message, { cause: error });
    throw error;
  }
}
