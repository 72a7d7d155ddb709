import type { EventEmitter } from 'node:events';
import { canonicalTypes, type ReportedEvent } from '../events/identity-event.js';
import type { Host } from './host.js';

/**
 * A Node `EventEmitter` as a host: the name of an event is its canonical type, its one argument the rest of it.
 * What is emitted is checked and copied by the intake; here it is only put together.
 */
export function eventEmitterHost(emitter: EventEmitter): Host {
  return {
    name: 'event-emitter',
    on(listener, unmapped) {
      const added = canonicalTypes.map((type) => {
        const listen = (reported: unknown): void => {
          if (typeof reported !== 'object' || reported === null || Array.isArray(reported)) {
            unmapped(type, 'what was emitted with it is no object');
            return;
          }
          try {
            // A Proxy may throw when its members are read: that is not the emitter's other listeners' trouble.
            listener({ ...reported, type } as ReportedEvent);
          } catch {
            unmapped(type, 'what was emitted with it cannot be read');
          }
        };
        emitter.on(type, listen);
        return { type, listen };
      });
      return () => {
        for (const { type, listen } of added) emitter.off(type, listen);
      };
    },
  };
}
