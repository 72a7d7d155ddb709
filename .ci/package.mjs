// Makes setwire-<version>.tgz: the built package with its production dependencies inside, so that it runs where it is
// unpacked, without `npm install`.
//
//   node .ci/package.mjs [--out <folder>]      default: the project's own folder
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { out: { type: 'string', default: root } } });
const manifest = readJson(join(root, 'package.json'));

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function run(command, args, cwd) {
  const { status, error, stdout } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error) throw error;
  if (status === 0) return stdout;
  process.stderr.write(stdout);
  throw new Error(`${[command, ...args].join(' ')} ended with ${status}`);
}

/** The npm that runs this script, or else the one on the PATH. */
function npm(args, cwd) {
  const { npm_execpath: own } = process.env;
  return own?.endsWith('.js') ? run(process.execPath, [own, ...args], cwd) : run('npm', args, cwd);
}

function build() {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], root);
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Copies what was built from today's sources: `dist` may still hold files of sources that are gone. */
function stageOwnFiles(stage) {
  for (const file of filesIn(join(root, 'dist'))) {
    const source = join(root, 'src', file.replace(/(\.d\.ts|\.js)$/, '.ts'));
    if (!file.startsWith('demo') && existsSync(source)) cpSync(join(root, 'dist', file), join(stage, 'dist', file));
  }
  for (const file of filesIn(join(root, 'schemas'))) {
    if (file.endsWith('.json')) cpSync(join(root, 'schemas', file), join(stage, 'schemas', file));
  }
  for (const name of ['config', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  const { scripts, devDependencies, overrides, files, ...published } = manifest;
  writeFileSync(
    join(stage, 'package.json'),
    `${JSON.stringify({ ...published, bundleDependencies: true }, null, 2)}\n`,
  );
}

/** Where Node.js finds a package that is imported from `folder`: the nearest node_modules, upwards to the project's. */
function installed(name, folder) {
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (relative(root, at) === '') return undefined;
  }
}

/** The folders of all packages that the published one needs at run time. */
function productionClosure() {
  const closure = new Set();
  const visit = (folder) => {
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = readJson(join(folder, 'package.json'));
    const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
    for (const name of new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers])) {
      const found = installed(name, folder);
      if (found === undefined) {
        if (name in optionalDependencies) continue;
        throw new Error(
          `${name}, needed by ${relative(root, folder) || manifest.name}, is not installed: run \`npm ci\``,
        );
      }
      if (closure.has(found)) continue;
      closure.add(found);
      visit(found);
    }
  };
  visit(resolve(root));
  return [...closure];
}

/** Copies each package to the same place below the stage, without what is nested in it: that has its own entry. */
function stageDependencies(stage) {
  for (const folder of productionClosure()) {
    cpSync(folder, join(stage, relative(root, folder)), {
      recursive: true,
      dereference: true,
      filter: (from) => from !== join(folder, 'node_modules'),
    });
  }
}

/** The same rights whatever the umask was, for the same bytes everywhere. */
function normaliseRights(stage) {
  const commands = new Set(Object.values(manifest.bin ?? {}).map((file) => join(file)));
  for (const file of filesIn(stage)) chmodSync(join(stage, file), commands.has(file) ? 0o755 : 0o644);
}

const stage = mkdtempSync(join(tmpdir(), 'setwire-package-'));
try {
  build();
  stageOwnFiles(stage);
  stageDependencies(stage);
  normaliseRights(stage);
  mkdirSync(values.out, { recursive: true });
  const packed = npm(
    [
      'pack',
      '--json',
      '--ignore-scripts',
      '--offline',
      '--no-update-notifier',
      '--loglevel=error',
      '--pack-destination',
      resolve(values.out),
    ],
    stage,
  );
  const [{ filename }] = Object.values(JSON.parse(packed));
  const file = join(resolve(values.out), filename);
  console.log(`${file}  ${(statSync(file).size / 1024 / 1024).toFixed(2)} MB`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
