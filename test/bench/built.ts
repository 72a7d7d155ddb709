// Setwire as it is installed: from `dist/`, which the npm scripts build. From its sources tsx would be measured along with it.
const index = new URL('../../dist/index.js', import.meta.url).href;

export const { createAdapter, loadConfig } = (await import(index)) as typeof import('../../src/index.js');
