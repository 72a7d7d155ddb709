#!/usr/bin/env node
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkQuery } from '../adapter.js';
import { didYouMean } from '../config/did-you-mean.js';
import { eventTypesOf, verifyEndpoint } from '../endpoint-check.js';
import { messageOf } from '../errors.js';
import { version } from '../version.js';
import { check } from './check.js';
import { dead } from './dead.js';
import { endpoint } from './endpoint.js';
import { init } from './init.js';
import { type Io, UsageError } from './io.js';
import { keys } from './keys.js';
import { replay } from './replay.js';
import { serve } from './serve.js';
import { tail } from './tail.js';
import { verify } from './verify.js';

type Command = (argv: readonly string[], io: Io) => Promise<number>;

const commands: Readonly<Record<string, { readonly run: Command; readonly what: string }>> = {
  init: { run: init, what: 'write a first config' },
  check: {
    run: (argv, io) => check(argv, io, { checkQuery, eventTypesOf, verifyEndpoint }),
    what: 'say what is wrong in a config, or what it means',
  },
  verify: {
    run: (argv, io) => verify(argv, io, { checkQuery, verifyEndpoint }),
    what: 'send an endpoint the verification event, and show the answer',
  },
  tail: { run: tail, what: 'show the delivery log' },
  endpoint: { run: endpoint, what: 'show how endpoints are; stop and go on sending to one' },
  dead: { run: dead, what: 'show, retry or drop what was given up' },
  keys: { run: keys, what: 'show, rotate or export the keys that SETs are signed with' },
  replay: { run: replay, what: 'send events again' },
  serve: { run: serve, what: 'take events from servers that are not Node, and deliver' },
};

const usage = `Usage: setwire <command> [options]

${Object.entries(commands)
  .map(([name, { what }]) => `  ${name.padEnd(10)}${what}`)
  .join('\n')}

  setwire <command> --help      its options
  setwire --version
`;

/** Runs a command; resolves with the exit code: 0, 1 for an error, 2 for a command line that cannot be understood. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? io.stderr : io.stdout).write(usage);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    io.stdout.write(`${version}\n`);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const meant = didYouMean(name, Object.keys(commands));
    const asked = meant === undefined ? '' : `; did you mean \`${meant}\`?`;
    io.stderr.write(`setwire: there is no command ${JSON.stringify(name)}${asked}\n\n${usage}`);
    return 2;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    const usageError =
      error instanceof UsageError || String((error as NodeJS.ErrnoException).code ?? '').startsWith('ERR_PARSE_ARGS');
    io.stderr.write(`setwire ${name}: ${messageOf(error)}\n`);
    if (usageError) io.stderr.write(`setwire ${name} --help shows the options\n`);
    return usageError ? 2 : 1;
  }
}

/** npm's bin is a link to this file. */
function isEntry(): boolean {
  const started = process.argv[1];
  return started !== undefined && existsSync(started) && realpathSync(started) === fileURLToPath(import.meta.url);
}

if (isEntry()) {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  process.once('SIGTERM', () => interrupt.abort());
  const { stdout, stderr, env } = process;
  for (const stream of [stdout, stderr]) {
    // Whoever reads on (`| head`) may have seen enough.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  process.exitCode = await main(process.argv.slice(2), {
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    signal: interrupt.signal,
  });
  // What is still under way when somebody pressed Ctrl-C is not waited for; what has been written still gets out.
  if (interrupt.signal.aborted) setTimeout(() => process.exit(), 100).unref();
}
