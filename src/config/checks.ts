import type { Config, EndpointConfig } from '../schema-types.js';
import { deliveryComplaints, whySingle } from './check-delivery.js';
import { encryptionComplaints } from './check-encryption.js';
import { intakeComplaints, isLoopback } from './check-intake.js';
import { eventTypesOf, profileComplaints } from './check-profile.js';
import { headersOf, signatureOf } from './check-request.js';
import { signingComplaints } from './check-signing.js';
import type { Complaint } from './explain.js';
import { step } from './secrets.js';
import { bytesOf, msOf } from './units.js';

/** What a check needs that the config does not hold. */
export interface CheckDeps {
  /** Why a `where` query cannot be used; undefined: it can. */
  readonly checkQuery?: (query: Readonly<Record<string, unknown>>) => string | undefined;
}

/** What is known of the config beside its values. */
export interface CheckContext extends CheckDeps {
  /** Whether a setting stands in the file: it may be a default otherwise. */
  readonly isWritten: (pointer: string) => boolean;
  /** Whether something is wrong with a setting already, or with what it stands in. */
  readonly isUnsound: (pointer: string) => boolean;
}

interface EndpointCheck {
  /** The settings that it looks at: it is for those that are right by themselves. */
  readonly reads: readonly (keyof EndpointConfig)[];
  /** Pointers within the endpoint. */
  readonly complaints: (
    endpoint: EndpointConfig,
    deps: CheckDeps,
    isWritten: (pointer: string) => boolean,
    eventTypes: Readonly<Record<string, string>> | undefined,
  ) => readonly Complaint[];
}

/** What a URL's complaints say beside what is wrong: without credentials, and unprotected. */
const eventWords = { instead: 'use `auth: { type: basic, ... }`', risk: 'send events unprotected' };
const keyWords = { instead: 'a JWK Set is public', risk: 'take keys that anybody may have put there' };

function urlComplaints(text: string, pointer: string, allowInsecure: boolean, words = eventWords): Complaint[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return [{ pointer, found: 'what is no URL', allowed: 'an https URL' }];
  const complaints: Complaint[] = [];
  if (url.username !== '' || url.password !== '') {
    complaints.push({
      pointer,
      found: 'a URL with a user name or a password in it',
      allowed: `a URL without; ${words.instead}`,
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecure) {
    complaints.push({
      pointer,
      found: 'http to another machine',
      allowed: `https, or \`allowInsecure: true\` in the endpoint to ${words.risk}`,
    });
  }
  return complaints;
}

const safeUrls: EndpointCheck = {
  reads: ['url', 'auth', 'allowInsecure'],
  complaints: ({ url, auth, allowInsecure }) => [
    ...urlComplaints(url, '/url', allowInsecure),
    ...(auth?.type === 'oauth2' ? urlComplaints(auth.tokenUrl, '/auth/tokenUrl', allowInsecure) : []),
  ],
};

const certificateWithKey: EndpointCheck = {
  reads: ['tls'],
  complaints: ({ tls }) => {
    if (tls === undefined || (tls.cert === undefined) === (tls.key === undefined)) return [];
    const missing = tls.cert === undefined ? 'cert' : 'key';
    return [{ pointer: '/tls', found: `no \`${missing}\``, allowed: '`cert` and `key` together' }];
  },
};

const usableQuery: EndpointCheck = {
  reads: ['where'],
  complaints: ({ where }, { checkQuery }) => {
    const found = checkQuery?.(where);
    const allowed = 'a query in the language of MongoDB, as sift has it';
    return found === undefined ? [] : [{ pointer: '/where', found, allowed, quotes: true }];
  },
};

const usableProfile: EndpointCheck = {
  reads: ['profile', 'audience', 'subject', 'claims', 'events'],
  complaints: (endpoint, _deps, isWritten, eventTypes) => profileComplaints(endpoint, isWritten, eventTypes),
};

const usableEncryption: EndpointCheck = {
  reads: ['profile', 'encryption', 'allowInsecure'],
  complaints: (endpoint) => {
    const { encryption, allowInsecure } = endpoint;
    const url = encryption?.jwks;
    return [
      ...encryptionComplaints(endpoint),
      ...(url === undefined ? [] : urlComplaints(url, '/encryption/jwks', allowInsecure, keyWords)),
    ];
  },
};

/** Whoever writes how many SETs a batch holds wants batches, and would get none. */
const batchOfMany: EndpointCheck = {
  reads: ['batch', 'delivery', 'profile'],
  complaints: (endpoint, _deps, isWritten) => {
    const { maxEvents } = endpoint.batch;
    const why = whySingle(endpoint);
    if (why === undefined || maxEvents === 1 || !isWritten('/batch/maxEvents')) return [];
    return [{ pointer: '/batch/maxEvents', found: String(maxEvents), allowed: `1, ${why}` }];
  },
};

const suitsDelivery: EndpointCheck = {
  reads: ['delivery', 'profile', 'wire', 'batch', 'signature', 'headers'],
  complaints: (endpoint, _deps, isWritten) => deliveryComplaints(endpoint, isWritten),
};

/** setTimeout takes no more than 2^31 - 1 ms, and waits not at all for more. */
const longestTimer = '24d';
const longest = '3650d';

function durationComplaints(
  duration: string,
  pointer: string,
  limits: { readonly most: string; readonly notZero?: boolean },
): Complaint[] {
  const complaint = (allowed: string): Complaint[] => [{ pointer, found: duration, allowed, quotes: true }];
  if (msOf(duration) > msOf(limits.most)) return complaint(`at most ${limits.most}`);
  return limits.notZero === true && msOf(duration) === 0 ? complaint('more than 0ms') : [];
}

function sizeComplaints(size: string, pointer: string, notZero = true): Complaint[] {
  const complaint = (allowed: string): Complaint[] => [{ pointer, found: size, allowed, quotes: true }];
  if (bytesOf(size) > bytesOf('1024GB')) return complaint('at most 1024GB');
  return notZero && bytesOf(size) === 0 ? complaint('more than 0B') : [];
}

const usableTimeout: EndpointCheck = {
  reads: ['timeout'],
  complaints: ({ timeout }) => durationComplaints(timeout, '/timeout', { most: longestTimer, notZero: true }),
};

const usableBatchLimits: EndpointCheck = {
  reads: ['batch'],
  complaints: ({ batch }) => [
    ...durationComplaints(batch.maxWait, '/batch/maxWait', { most: longestTimer }),
    ...sizeComplaints(batch.maxBytes, '/batch/maxBytes'),
  ],
};

const usableRetry: EndpointCheck = {
  reads: ['retry'],
  complaints: ({ retry }) => [
    // Without a wait a receiver that is down would be hammered for the whole of `maxAge`.
    ...durationComplaints(retry.initial, '/retry/initial', { most: longestTimer, notZero: true }),
    ...durationComplaints(retry.max, '/retry/max', { most: longestTimer, notZero: true }),
    ...durationComplaints(retry.maxRetryAfter, '/retry/maxRetryAfter', { most: longestTimer }),
    ...durationComplaints(retry.maxAge, '/retry/maxAge', { most: longest }),
  ],
};

const usableCircuit: EndpointCheck = {
  reads: ['circuit'],
  complaints: ({ circuit }) =>
    (['window', 'probe', 'maxProbe'] as const).flatMap((name) =>
      durationComplaints(circuit[name], `/circuit/${name}`, { most: longestTimer, notZero: true }),
    ),
};

const usableStart: EndpointCheck = {
  reads: ['from'],
  complaints: ({ from }) =>
    from === 'now' || from === 'beginning' || !Number.isNaN(Date.parse(from))
      ? []
      : [{ pointer: '/from', found: from, allowed: 'a time that exists, such as 2026-11-20T00:00Z', quotes: true }],
};

const endpointChecks: readonly EndpointCheck[] = [
  safeUrls,
  { reads: ['signature'], complaints: signatureOf },
  certificateWithKey,
  { reads: ['headers', 'auth'], complaints: headersOf },
  usableQuery,
  usableProfile,
  usableEncryption,
  batchOfMany,
  suitsDelivery,
  usableTimeout,
  usableBatchLimits,
  usableRetry,
  usableCircuit,
  usableStart,
];

type GeneralCheck = (config: Config, pointer: string, isWritten: (pointer: string) => boolean) => readonly Complaint[];

const generalChecks: Readonly<Record<string, GeneralCheck>> = {
  '/transmitter': ({ journal, transmitter }, pointer, isWritten) =>
    journal !== 'memory' || transmitter !== 'worker' || !isWritten(pointer)
      ? []
      : [{ pointer, found: transmitter, allowed: '`inline` beside `journal: memory`, which no other thread can see' }],
  '/stopTimeout': ({ stopTimeout }, pointer) => durationComplaints(stopTimeout, pointer, { most: longestTimer }),
  '/ssf/eventTypes': eventTypesOf,
  '/flows/login/suspicious/window': ({ flows }, pointer) =>
    durationComplaints(flows.login.suspicious.window, pointer, { most: longest, notZero: true }),
  '/flows/session/presentedEvery': ({ flows }, pointer) =>
    durationComplaints(flows.session.presentedEvery, pointer, { most: longest }),
  '/retention/maxAge': ({ retention }, pointer) => durationComplaints(retention.maxAge, pointer, { most: longest }),
  '/retention/removedEndpoint': ({ retention }, pointer) =>
    durationComplaints(retention.removedEndpoint, pointer, { most: longest }),
  '/retention/maxSize': ({ retention }, pointer) => sizeComplaints(retention.maxSize, pointer, false),
  '/retention/hardLimit': ({ retention }, pointer) => sizeComplaints(retention.hardLimit, pointer),
  '/retention': ({ retention: { hardLimit, maxSize } }, pointer) =>
    bytesOf(hardLimit) >= bytesOf(maxSize)
      ? []
      : [
          {
            pointer: `${pointer}/maxSize`,
            found: maxSize,
            allowed: `at most what \`hardLimit\` is, ${hardLimit}`,
            quotes: true,
          },
        ],
  '/buffer/maxBytes': ({ buffer }, pointer) => sizeComplaints(buffer.maxBytes, pointer),
  '/deadLetters/maxAge': ({ deadLetters }, pointer) =>
    durationComplaints(deadLetters.maxAge, pointer, { most: longest }),
  '/signing': ({ signing }, pointer) => signingComplaints(signing, pointer),
  '/signing/rotateEvery': ({ signing }, pointer) => durationComplaints(signing.rotateEvery, pointer, { most: longest }),
  '/signing/overlap': ({ signing }, pointer) => durationComplaints(signing.overlap, pointer, { most: longest }),
  '/log/maxSize': ({ log }, pointer) => sizeComplaints(log.maxSize, pointer, false),
  '/intake/maxBytes': ({ intake }, pointer) =>
    intake?.maxBytes === undefined ? [] : sizeComplaints(intake.maxBytes, pointer),
  '/log/userKey': ({ log: { userKey } }, pointer) =>
    userKey === undefined || userKey.length >= 16
      ? []
      : [{ pointer, found: '[secret] that is too short', allowed: 'at least 16 characters' }],
};

/**
 * What the schema cannot say: how settings fit together. For the parts of a config that the schema has passed, so that
 * a mistake in one does not hide those of the others.
 */
export function crossCheck(config: Config, { isWritten, isUnsound, ...deps }: CheckContext): Complaint[] {
  const complaints = Object.entries(generalChecks).flatMap(([pointer, check]) =>
    isUnsound(pointer) ? [] : check(config, pointer, isWritten),
  );
  // What is wrong with them has been told: every type counts as known then.
  const eventTypes = isUnsound('/ssf') || isUnsound('/ssf/eventTypes') ? undefined : config.ssf.eventTypes;
  if (typeof config.intake === 'object' && config.intake !== null)
    complaints.push(...intakeComplaints(config.intake, isUnsound));
  // It may be missing, or be something else: that has been told, and every check is skipped then.
  for (const [name, endpoint] of Object.entries(config.endpoints ?? {})) {
    const base = `/endpoints${step(name)}`;
    for (const check of endpointChecks) {
      if (check.reads.some((setting) => isUnsound(base + step(setting)))) continue;
      const found = check.complaints(endpoint, deps, (pointer) => isWritten(base + pointer), eventTypes);
      complaints.push(...found.map((complaint) => ({ ...complaint, pointer: base + complaint.pointer })));
    }
  }
  return complaints;
}
