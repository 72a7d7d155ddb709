import type { IntakeConfig, SourceConfig } from '../schema-types.js';
import type { Complaint } from './explain.js';
import { addressOf, pathOf } from './intake-of.js';
import { step } from './secrets.js';

/** What the check of an intake has to know of the file: where something is wrong already. */
type IsUnsound = (pointer: string) => boolean;

export const isLoopback = (hostname: string): boolean => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(hostname);

const secretNames = ['secret', 'previousSecret', 'token'] as const;

function secretComplaints(source: SourceConfig, pointer: string): Complaint[] {
  const texts = source as { readonly [name in (typeof secretNames)[number]]?: string };
  return secretNames
    .filter((name) => (texts[name]?.length ?? 16) < 16)
    .map((name) => ({
      pointer: pointer + step(name),
      found: '[secret] that is too short',
      allowed: 'at least 16 characters',
    }));
}

/** Whoever can reach the intake could report events. */
function openComplaints(source: SourceConfig, pointer: string, isPrivate: boolean): Complaint[] {
  if (source.type !== 'wso2' && source.type !== 'keycloak') return [];
  const { allowUnsigned, secret, previousSecret } = source;
  const token = source.type === 'keycloak' ? source.token : undefined;
  if (allowUnsigned && !isPrivate) {
    const allowed = 'false, since `listen` can be reached from other machines';
    return [{ pointer: `${pointer}/allowUnsigned`, found: 'true', allowed }];
  }
  const isChecked = secret !== undefined || token !== undefined;
  if (!isChecked && previousSecret !== undefined)
    return [{ pointer: `${pointer}/previousSecret`, found: 'it alone', allowed: '`secret` beside it', key: true }];
  if (isChecked === !allowUnsigned) return [];
  const wanted = source.type === 'keycloak' ? '`secret` or `token`' : '`secret`';
  return isChecked
    ? [{ pointer: `${pointer}/allowUnsigned`, found: 'true', allowed: `false beside ${wanted}` }]
    : [{ pointer, found: 'no check of who reports', allowed: `${wanted}, or \`allowUnsigned: true\`` }];
}

/** What the schema cannot say of an intake: where it listens, and that each source has a path and a check of its own. */
export function intakeComplaints(intake: IntakeConfig, isUnsound: IsUnsound): Complaint[] {
  if (isUnsound('/intake/listen') || isUnsound('/intake/allowInsecure')) return [];
  const complaints: Complaint[] = [];
  const address = addressOf(intake.listen);
  const isPrivate = 'socket' in address || isLoopback(address.host);
  if (!('socket' in address) && address.port > 65_535)
    complaints.push({ pointer: '/intake/listen', found: intake.listen, allowed: 'a port up to 65535', quotes: true });
  if (!isPrivate && !intake.allowInsecure) {
    const allowed = 'this machine (127.0.0.1), or `allowInsecure: true` to let events come in unprotected';
    complaints.push({ pointer: '/intake/listen', found: 'plain HTTP from other machines', allowed });
  }
  const owners = new Map<string, string>();
  for (const [name, source] of Object.entries(intake.sources ?? {})) {
    const pointer = `/intake/sources${step(name)}`;
    if (isUnsound(pointer)) continue;
    complaints.push(...secretComplaints(source, pointer), ...openComplaints(source, pointer, isPrivate));
    const path = pathOf(name, source);
    const owner = path === undefined ? undefined : owners.get(path);
    if (owner !== undefined) {
      const found = `${path}, which \`${owner}\` has already`;
      complaints.push({ pointer: `${pointer}/path`, found, allowed: 'a path of its own', quotes: true });
    } else if (path !== undefined) owners.set(path, name);
  }
  return complaints;
}
