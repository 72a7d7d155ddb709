// `npm start`: builds and packages Setwire, unpacks the package into the extensions folder of a demo identity server, and
// runs that. `npm start -- --once` plays a person and a client instead, and ends.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extract } from 'tar';

const root = fileURLToPath(new URL('..', import.meta.url));
const demo = join(root, '.demo');
const extension = join(demo, 'extensions', 'setwire');

rmSync(demo, { recursive: true, force: true });
mkdirSync(extension, { recursive: true });

console.log('Building and packaging Setwire ...');
const { status } = spawnSync(process.execPath, ['.ci/package.mjs', '--out', demo], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);
const tarball = readdirSync(demo).find((name) => name.endsWith('.tgz'));
await extract({ file: join(demo, tarball), cwd: extension, strip: 1 });

process.chdir(demo);
await import('../dist/demo/main.js');
