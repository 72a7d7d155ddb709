import type { Config, EndpointConfig } from '../schema-types.js';
import type { Complaint } from './explain.js';
import { step } from './secrets.js';
import { msOf } from './units.js';

/** What a check needs that the config does not hold. */
export interface CheckDeps {
  /** Why a `where` query cannot be used; undefined: it can. */
  readonly checkQuery?: (query: Readonly<Record<string, unknown>>) => string | undefined;
}

type EndpointCheck = (endpoint: EndpointConfig, deps: CheckDeps) => readonly Complaint[];

/** Headers that Setwire writes itself. */
const ownHeaders = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
  'x-hub-signature',
  'x-wso2-event-signature',
]);

/** setTimeout takes no more than 2^31 - 1 ms. */
const maxTimerMs = msOf('24d');

const isLoopback = (hostname: string): boolean => /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

function urlComplaints(text: string, pointer: string, allowInsecure: boolean): Complaint[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return [{ pointer, found: 'what is no URL', allowed: 'an https URL' }];
  const complaints: Complaint[] = [];
  if (url.username !== '' || url.password !== '') {
    complaints.push({
      pointer,
      found: 'a URL with a user name or a password in it',
      allowed: 'a URL without; use `auth: { type: basic, ... }`',
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecure) {
    complaints.push({
      pointer,
      found: `http to ${url.hostname}`,
      allowed: 'https, or `allowInsecure: true` beside it to send events unprotected',
    });
  }
  return complaints;
}

const safeUrls: EndpointCheck = ({ url, auth, allowInsecure }) => [
  ...urlComplaints(url, '/url', allowInsecure),
  ...(auth?.type === 'oauth2' ? urlComplaints(auth.tokenUrl, '/auth/tokenUrl', allowInsecure) : []),
];

function secretComplaint(secret: string, scheme: string, pointer: string): Complaint[] {
  if (scheme !== 'standard-webhooks') {
    return secret.length >= 16
      ? []
      : [{ pointer, found: '[secret] that is too short', allowed: 'at least 16 characters' }];
  }
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const bytes = Buffer.from(base64 ?? '', 'base64').length;
  return bytes >= 24 && bytes <= 64
    ? []
    : [{ pointer, found: '[secret] of another form', allowed: '`whsec_` and 24 to 64 bytes in base64' }];
}

const usableSignature: EndpointCheck = ({ signature }) => {
  if (signature === undefined) return [];
  const { scheme, secret, previousSecret } = signature;
  const complaints = secretComplaint(secret, scheme, '/signature/secret');
  if (previousSecret === undefined) return complaints;
  if (scheme !== 'standard-webhooks') {
    const allowed = `it with \`standard-webhooks\` only: the header of \`${scheme}\` holds one signature`;
    return [...complaints, { pointer: '/signature/previousSecret', found: 'a second secret', allowed, key: true }];
  }
  return [...complaints, ...secretComplaint(previousSecret, scheme, '/signature/previousSecret')];
};

const certificateWithKey: EndpointCheck = ({ tls }) => {
  if (tls === undefined || (tls.cert === undefined) === (tls.key === undefined)) return [];
  const missing = tls.cert === undefined ? 'cert' : 'key';
  return [{ pointer: '/tls', found: `no \`${missing}\``, allowed: '`cert` and `key` together' }];
};

const freeHeaders: EndpointCheck = ({ headers, auth }) =>
  Object.keys(headers)
    .filter(
      (name) => ownHeaders.has(name.toLowerCase()) || (auth !== undefined && name.toLowerCase() === 'authorization'),
    )
    .map((name) => ({
      pointer: `/headers${step(name)}`,
      found: `the header ${name}`,
      allowed: 'headers that Setwire does not write itself',
      key: true,
    }));

const usableQuery: EndpointCheck = ({ where }, { checkQuery }) => {
  const why = checkQuery?.(where);
  return why === undefined
    ? []
    : [{ pointer: '/where', found: why, allowed: 'a query in the language of MongoDB, as sift has it' }];
};

const fittingTimers: EndpointCheck = ({ timeout, batch, retry }) =>
  Object.entries({
    '/timeout': timeout,
    '/batch/maxWait': batch.maxWait,
    '/retry/initial': retry.initial,
    '/retry/max': retry.max,
    '/retry/maxRetryAfter': retry.maxRetryAfter,
  })
    .filter(([, duration]) => msOf(duration) > maxTimerMs)
    .map(([pointer, duration]) => ({ pointer, found: duration, allowed: 'at most 24d' }));

const aTimeout: EndpointCheck = ({ timeout }) =>
  msOf(timeout) > 0 ? [] : [{ pointer: '/timeout', found: timeout, allowed: 'more than 0ms' }];

const endpointChecks: readonly EndpointCheck[] = [
  safeUrls,
  usableSignature,
  certificateWithKey,
  freeHeaders,
  usableQuery,
  fittingTimers,
  aTimeout,
];

/** What the schema cannot say: how settings fit together. Only for a config that the schema has passed. */
export function crossCheck(config: Config, deps: CheckDeps): Complaint[] {
  const complaints: Complaint[] = [];
  for (const [name, endpoint] of Object.entries(config.endpoints)) {
    for (const check of endpointChecks) {
      for (const complaint of check(endpoint, deps))
        complaints.push({ ...complaint, pointer: `/endpoints${step(name)}${complaint.pointer}` });
    }
  }
  if (config.log.userKey !== undefined && config.log.userKey.length < 16) {
    complaints.push({
      pointer: '/log/userKey',
      found: '[secret] that is too short',
      allowed: 'at least 16 characters',
    });
  }
  if (msOf(config.stopTimeout) > maxTimerMs)
    complaints.push({ pointer: '/stopTimeout', found: config.stopTimeout, allowed: 'at most 24d' });
  return complaints;
}
