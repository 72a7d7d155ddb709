import { expect } from 'chai';
import { originOf } from '../../../src/hosts/better-auth/origin.js';

describe('where a request to better-auth came from', () => {
  type IpAddress = NonNullable<NonNullable<Parameters<typeof originOf>[1]['advanced']>['ipAddress']>;
  const ipOf = (headers: Record<string, string>, ipAddress: IpAddress = {}): string | undefined =>
    originOf(new Headers(headers), { advanced: { ipAddress } }).ip;

  const rows: [name: string, headers: Record<string, string>, options: IpAddress, ip: string | undefined][] = [
    ['an address that stands alone', { 'x-forwarded-for': '203.0.113.7' }, {}, '203.0.113.7'],
    ['an IPv6 address', { 'x-forwarded-for': '2001:db8::7' }, {}, '2001:db8::7'],
    ['an IPv4 address in IPv6', { 'x-forwarded-for': '::ffff:203.0.113.7' }, {}, '203.0.113.7'],
    ['no header', {}, {}, undefined],
    ['what is no address', { 'x-forwarded-for': '<script>' }, {}, undefined],
    [
      'several, of which a client may have written the first',
      { 'x-forwarded-for': '1.2.3.4, 203.0.113.7' },
      {},
      undefined,
    ],
    [
      'several behind proxies that are trusted',
      { 'x-forwarded-for': '1.2.3.4, 203.0.113.7, 10.1.2.3, 192.168.0.1' },
      { trustedProxies: ['10.0.0.0/8', '192.168.0.1', 'nonsense', '10.0.0.0/99'] },
      '203.0.113.7',
    ],
    ['nothing but proxies', { 'x-forwarded-for': '10.1.2.3' }, { trustedProxies: ['10.0.0.0/8'] }, undefined],
    [
      'something that is no address before the proxies',
      { 'x-forwarded-for': '1.2.3.4, unknown, 10.1.2.3' },
      { trustedProxies: ['10.0.0.0/8'] },
      undefined,
    ],
    [
      "the application's own header",
      { 'x-forwarded-for': '1.2.3.4', 'cf-connecting-ip': '203.0.113.7' },
      { ipAddressHeaders: ['cf-connecting-ip'] },
      '203.0.113.7',
    ],
    [
      'an application that wants none kept',
      { 'x-forwarded-for': '203.0.113.7' },
      { disableIpTracking: true },
      undefined,
    ],
  ];
  for (const [name, headers, options, ip] of rows) {
    it(`is ${ip ?? 'not said'} for ${name}`, () => {
      expect(ipOf(headers, options)).to.equal(ip);
    });
  }

  it('has the id that a proxy gave the request, if it is harmless', () => {
    const idOf = (id: string): string => originOf(new Headers({ 'x-request-id': id }), {}).correlationId;
    expect(idOf('a-request-id-1')).to.equal('a-request-id-1');
    for (const id of ['short', 'with a blank in it', 'x'.repeat(200)]) expect(idOf(id)).to.match(/^[0-9a-f-]{36}$/);
  });

  it('is nowhere without a request', () => {
    expect(originOf(undefined, {})).to.have.all.keys('correlationId', 'isRequest').and.to.include({ isRequest: false });
  });
});
