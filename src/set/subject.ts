import type { Application, IdentityEvent } from '../schema-types.js';
import type { Conceal } from './pairwise.js';
import type { SubjectSettings } from './set.js';
import { accountId, type Identified, issSub, opaque, type SubjectId, userIn } from './subject-formats.js';

/** What events of a type are about beside their user: `complex` subjects name it, and those of events without a user. */
export interface About {
  readonly session?: boolean;
  readonly application?: boolean;
  /** Whoever tried it may be nobody that is known: the name that was typed, or the address, stands for a user without an id. */
  readonly attempt?: boolean;
}

/** How an endpoint names whom its SETs are about. */
export interface Naming {
  readonly subject: SubjectSettings;
  /** Whether the name that was typed may leave. */
  readonly showsName: boolean;
  /** Set where nothing may tell who a user is. */
  readonly conceal?: Conceal;
}

type Members = Readonly<Record<string, SubjectId | undefined>>;

/** SSF 1.0, section 3.3; undefined where no member is known. */
function complex(members: Members): SubjectId | undefined {
  const known = Object.entries(members).filter(([, id]) => id !== undefined);
  return known.length === 0 ? undefined : { format: 'complex', ...Object.fromEntries(known) };
}

/** A client acts for itself: the token names no user (RFC 6749, section 4.4), or the client in a user's place (RFC 9068). */
export const isOfClient = ({ token }: IdentityEvent): boolean => token?.grantType === 'client_credentials';

function applicationId({ application, applications, issuer }: IdentityEvent): SubjectId | undefined {
  const only: Application | undefined = application ?? (applications?.length === 1 ? applications[0] : undefined);
  const id = only?.clientId ?? only?.id;
  return id === undefined || issuer === undefined ? undefined : issSub(issuer, id);
}

const addressId = (ip: string | undefined): SubjectId | undefined =>
  ip === undefined ? undefined : { format: 'ip-addresses', 'ip-addresses': [ip] };

/** Whoever typed a name that may be nobody's, or whoever is at an address. */
function attempt({ user, initiator, issuer }: IdentityEvent, { conceal, showsName }: Naming): SubjectId | undefined {
  const { username } = user ?? {};
  if (conceal === undefined) return (showsName ? accountId(username, issuer) : undefined) ?? addressId(initiator?.ip);
  if (username !== undefined) return opaque(conceal('name', username));
  return initiator?.ip === undefined ? undefined : opaque(conceal('address', initiator.ip));
}

/** An event without a user: the same in every format. */
function withoutUser(event: IdentityEvent, about: About, sessionId: string | undefined, naming: Naming): Identified {
  const { conceal } = naming;
  const session = sessionId === undefined ? undefined : opaque(conceal ? conceal('session', sessionId) : sessionId);
  const id =
    (about.attempt ? attempt(event, naming) : undefined) ??
    (about.session && session !== undefined ? complex({ session }) : undefined) ??
    (about.application || about.attempt ? complex({ application: applicationId(event) }) : undefined);
  return id === undefined ? { lacks: 'a user, a session, an application or an address' } : { id };
}

function aliases(event: IdentityEvent, { subject }: Naming): Identified {
  const found = subject.formats.map((format) => userIn(format, event));
  const identifiers = found.flatMap((each) => ('id' in each ? [each.id] : []));
  if (identifiers.length > 0) return { id: { format: 'aliases', identifiers } };
  return { lacks: found.map((each) => ('lacks' in each ? each.lacks : '')).join(', or ') };
}

/** Only members that are about what the event is about: each that is there narrows whom it concerns (SSF 1.0, section 8.1.3.1). */
function complexUser(event: IdentityEvent, about: About, sessionId: string | undefined, naming: Naming): Identified {
  const user = userIn(naming.subject.user, event);
  if ('lacks' in user) return user;
  const id = complex({
    user: user.id,
    session: about.session && sessionId !== undefined ? opaque(sessionId) : undefined,
    tenant: event.tenant && opaque(event.tenant.id),
    application: about.application ? applicationId(event) : undefined,
  });
  return id === undefined ? user : { id };
}

/**
 * Whom an event is about, as the endpoint's `subject` has it (RFC 9493).
 *
 * @param sessionId of the session that it is about, if it is about one
 */
export function subjectOf(
  event: IdentityEvent,
  about: About,
  sessionId: string | undefined,
  naming: Naming,
): Identified {
  const { user } = event;
  if (user === undefined || isOfClient(event)) return withoutUser(event, about, sessionId, naming);
  if (about.attempt && user.id === undefined) return withoutUser(event, about, sessionId, naming);
  const { conceal, subject } = naming;
  if (conceal !== undefined)
    return user.id === undefined ? { lacks: '`user.id`' } : { id: opaque(conceal('user', user.id)) };
  switch (subject.format) {
    case 'complex':
      return complexUser(event, about, sessionId, naming);
    case 'aliases':
      return aliases(event, naming);
    case 'pairwise':
      throw new Error('a pairwise subject has a key');
    default:
      return userIn(subject.format, event);
  }
}
