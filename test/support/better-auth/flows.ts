import { credentialFlows } from './credential-flows.js';
import { organizationFlows } from './organization-flows.js';
import { otherWaysFlows } from './other-ways-flows.js';
import { peopleFlows } from './people-flows.js';
import type { Flows } from './sign-up.js';
import { tokenFlows } from './token-flows.js';

/** Every flow that better-auth has something to tell of. */
export const flows: Flows = {
  ...peopleFlows,
  ...otherWaysFlows,
  ...credentialFlows,
  ...organizationFlows,
  ...tokenFlows,
};
