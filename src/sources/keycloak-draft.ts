import type { ReportedEvent } from '../events/identity-event.js';
import type { CanonicalType } from '../schema-types.js';
import type { KeycloakRecord } from './keycloak-record.js';

/** An event without what all events of one record have in common. */
export type Draft = Partial<ReportedEvent> & {
  readonly type: CanonicalType;
  /** Tells it apart, where the record alone does not; left out: the record and the type do. */
  readonly key?: string;
};

/** What is remembered of what was said before. A record that is said again is answered as it was the first time. */
export interface Memory {
  /** Whether the record is the first to name this session. */
  isFirst(sessionId: string, record: KeycloakRecord): boolean;
  /** Whether the account was enabled before this record said whether it is; undefined: no earlier one told. */
  wasEnabled(userId: string, record: KeycloakRecord, isEnabled: boolean): boolean | undefined;
}
