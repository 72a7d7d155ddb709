import { expect } from 'chai';
import { wso2 } from '../../src/set/profiles/wso2.js';
import { profileOf } from '../../src/set/profiles.js';

describe('the profiles', () => {
  it('are found by name', () => {
    expect(profileOf('wso2')).to.equal(wso2);
    expect(wso2.name).to.equal('wso2');
  });
});
