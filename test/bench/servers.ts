// The servers of the peers, from Debian's packages: each with its data in a folder of its own, on a free port of loopback,
// and not as root.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Server {
  readonly port: number;
  readonly version: string;
  stop(): Promise<void>;
}

const path = [...(process.env.PATH ?? '').split(':'), ...postgresFolders()];

function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql';
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : [];
}

const found = (program: string): string | undefined =>
  path.map((folder) => join(folder, program)).find((file) => existsSync(file));

/** PostgreSQL refuses to run as root: then it is run as `nobody`. */
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

function ownFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { mode: 0o700 });
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function begun(child: ChildProcess, isReady: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 200 && child.exitCode === null; tries += 1) {
    if (isReady()) return true;
    await pause(100);
  }
  return false;
}

const succeeds = (program: string, args: readonly string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (child.exitCode !== null) resolve();
    child.kill('SIGINT');
  });
}

/** Redis, every write flushed (`appendfsync always`). undefined: it is not there. */
export async function startRedis(parent: string): Promise<Server | undefined> {
  const [program, client] = [found('redis-server'), found('redis-cli')];
  if (program === undefined || client === undefined) return undefined;
  const port = await freePort();
  const dir = ownFolder(parent, 'redis');
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', dir, '--appendonly', 'yes', '--appendfsync', 'always'];
  const child = spawn(program, [...args.map(String), '--save', ''], { stdio: 'ignore', ...user });
  const isReady = await begun(child, () => succeeds(client, ['-p', String(port), 'ping']));
  const [version = ''] = /v=[\d.]+/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' })) ?? [];
  return isReady ? { port, version: version.slice(2), stop: () => stopped(child) } : undefined;
}

/** PostgreSQL as it comes: `fsync` and `synchronous_commit` are on. undefined: it is not there. */
export async function startPostgres(parent: string): Promise<Server | undefined> {
  const [program, initdb, isready] = [found('postgres'), found('initdb'), found('pg_isready')];
  if (program === undefined || initdb === undefined || isready === undefined) return undefined;
  const port = await freePort();
  const folder = ownFolder(parent, 'postgres');
  const data = join(folder, 'data');
  execFileSync(initdb, ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-locale'], {
    stdio: 'ignore',
    cwd: folder,
    ...user,
  });
  const args = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'max_connections=100'];
  const child = spawn(program, args, { stdio: 'ignore', cwd: folder, ...user });
  const isReady = await begun(child, () => succeeds(isready, ['-q', '-h', '127.0.0.1', '-p', String(port)]));
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).match(/[\d.]+/)?.[0] ?? '';
  return isReady ? { port, version, stop: () => stopped(child) } : undefined;
}
