import { expect } from 'chai';
import { userHashWith } from '../../src/log/user-hash.js';
import { Secret } from '../../src/secret.js';

describe('the hash of a user', () => {
  it('is HMAC-SHA256 under the key, cut to 16 hex digits', () => {
    // printf ann | openssl dgst -sha256 -hmac 0123456789abcdef
    expect(userHashWith(new Secret('0123456789abcdef'))('ann')).to.equal('fb385915a0623c0b');
  });

  it('differs between users and between keys', () => {
    const hash = userHashWith(new Secret('0123456789abcdef'));
    expect(hash('ann')).not.to.equal(hash('ben'));
    expect(hash('ann')).not.to.equal(userHashWith(new Secret('fedcba9876543210'))('ann'));
  });

  it('without a key is the same while the process runs, and another one for each start', () => {
    const hash = userHashWith(undefined);
    expect(hash('ann')).to.match(/^[0-9a-f]{16}$/);
    expect(hash('ann')).to.equal(hash('ann'));
    expect(hash('ann')).not.to.equal(userHashWith(undefined)('ann'));
  });
});
