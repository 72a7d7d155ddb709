import { ssf } from './profiles/ssf.js';
import { wso2 } from './profiles/wso2.js';
import type { Profile } from './set.js';

/** The profiles by name. */
const profiles = { wso2, ssf } as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

export function profileOf(name: ProfileName): Profile {
  return profiles[name];
}
