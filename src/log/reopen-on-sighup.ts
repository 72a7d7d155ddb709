import type { DeliveryLog } from './delivery-log.js';

/**
 * Begins a new file on SIGHUP, for logrotate. Returns what takes the listener away again; it does not keep the process
 * alive. A process that listens to SIGHUP no longer ends by it, which is Node's default.
 */
export function reopenOnSighup(log: Pick<DeliveryLog, 'reopen'>): () => void {
  const listener = (): void => log.reopen();
  process.on('SIGHUP', listener);
  return () => void process.off('SIGHUP', listener);
}
