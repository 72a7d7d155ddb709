import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeliveryRecord } from '../../src/schema-types.js';

/** A fresh folder for each test of the suite that calls it. */
export function freshFolder(): (name: string) => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'setwire-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

let serial = 0;

/** A valid record; every one has a jti of its own. */
export function deliveryRecord(members: Partial<DeliveryRecord> = {}): DeliveryRecord {
  serial += 1;
  const jti = `051f0c37-b689-44d4-b7d2-${String(serial).padStart(12, '0')}`;
  return {
    time: '2026-11-23T14:03:44.123Z',
    endpoint: 'crm',
    outcome: 'delivered',
    batch: '5f0c37b68944d4b7',
    attempt: 1,
    status: 202,
    durationMs: 12.4,
    bytes: 1841,
    sets: [{ jti, event: 'login.success', user: '9a0b1c2d3e4f5061' }],
    ...members,
  };
}

/** The log's lines over all its files, the oldest first. */
export function linesOver(file: string): string[] {
  const files = [file];
  for (let age = 1; existsSync(`${file}.${age}`); age += 1) files.unshift(`${file}.${age}`);
  return files
    .filter((path) => existsSync(path))
    .flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(0, -1));
}

/** Waits until it holds; the test's own time limit ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
