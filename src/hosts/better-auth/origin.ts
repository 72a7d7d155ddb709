import { randomUUID } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { AuthOptions } from './context.js';

/** Where a call came from. */
export interface Origin {
  readonly correlationId: string;
  /** There was a request; without one the application called better-auth by itself. */
  readonly isRequest: boolean;
  readonly ip?: string;
  readonly userAgent?: string;
}

/** The addresses of the proxies that the application trusts; what is none is left out, as better-auth does. */
function listOf(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (isIP(address) === 0) continue;
    if (prefix === undefined) list.addAddress(address, family);
    else if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 'ipv6' ? 128 : 32))
      list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');

/**
 * The client's address by the same headers and the same rule as better-auth's own: with trusted proxies the last address
 * that is none of them, without them only an address that stands alone, since a client may have written the others.
 */
function addressOf(headers: Headers, options: AuthOptions): string | undefined {
  const {
    ipAddressHeaders = ['x-forwarded-for'],
    disableIpTracking,
    trustedProxies = [],
  } = options.advanced?.ipAddress ?? {};
  if (disableIpTracking === true) return undefined;
  for (const name of ipAddressHeaders) {
    const addresses = (headers.get(name) ?? '')
      .split(',')
      .map((address) => plain(address.trim()))
      .filter(Boolean);
    const proxies = listOf(trustedProxies);
    const client =
      trustedProxies.length > 0
        ? addresses.findLast(
            (address) => isIP(address) === 0 || !proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
          )
        : addresses.length === 1
          ? addresses[0]
          : undefined;
    if (client !== undefined && isIP(client) !== 0) return client;
  }
  return undefined;
}

/** An id that a proxy gave the request is taken over if it is of a harmless form. */
export function originOf(headers: Headers | undefined, options: AuthOptions): Origin {
  if (headers === undefined) return { correlationId: randomUUID(), isRequest: false };
  const given = headers.get('x-request-id') || headers.get('x-correlation-id') || '';
  const ip = addressOf(headers, options);
  const userAgent = headers.get('user-agent') ?? '';
  return {
    correlationId: /^[\w.:-]{8,128}$/.test(given) ? given : randomUUID(),
    isRequest: true,
    ...(ip !== undefined && { ip }),
    ...(userAgent !== '' && { userAgent: userAgent.slice(0, 512) }),
  };
}
