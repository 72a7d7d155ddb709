import { type EndpointContext, isRow, textIn } from './context.js';
import { legible } from './person.js';
import type { Draft } from './trail.js';

const named = (name: string | undefined) => (name === undefined ? {} : { name: legible(name, 256) });

/** Passkeys and recovery codes, of which no hook of the database tells: by the endpoints' answers. */
export function credentialsOf({ path, context }: EndpointContext): Draft[] {
  const { returned, session } = context;
  const userId = textIn(session?.user, 'id');
  const draft = (event: Draft['event'], owner = userId): Draft[] =>
    owner === undefined ? [] : [{ event, userId: owner }];
  switch (path) {
    case '/passkey/verify-registration': {
      const credential = { type: 'passkey', change: 'created', ...named(textIn(returned, 'name')) } as const;
      return draft({ type: 'credential.updated', credential }, textIn(returned, 'userId') ?? userId);
    }
    case '/passkey/update-passkey': {
      const passkey = isRow(returned) ? returned.passkey : undefined;
      const credential = { type: 'passkey', change: 'updated', ...named(textIn(passkey, 'name')) } as const;
      return draft({ type: 'credential.updated', credential });
    }
    case '/passkey/delete-passkey':
      return draft({ type: 'credential.updated', credential: { type: 'passkey', change: 'deleted' } });
    case '/two-factor/generate-backup-codes':
      return draft({ type: 'credential.updated', credential: { type: 'recovery-code', change: 'updated' } });
    default:
      return [];
  }
}
