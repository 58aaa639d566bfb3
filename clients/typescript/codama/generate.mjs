// Generates the client: node codama/generate.mjs IDL FOLDER
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { getRenderMapVisitor } from '@codama/renderers-js';
import { createFromRoot } from 'codama';

import { additions } from './additions.mjs';
import { eventPage, eventTypesVisitor } from './events.mjs';

const [idlFile, folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node codama/generate.mjs IDL FOLDER');
  process.exit(2);
}

const codama = createFromRoot(rootNodeFromAnchor(JSON.parse(readFileSync(idlFile, 'utf8'))));
for (const visitor of additions(codama.getRoot())) codama.update(visitor);
const { events } = codama.getRoot().program;
codama.update(eventTypesVisitor());

const files = new Map();
for (const [path, page] of codama.accept(getRenderMapVisitor())) files.set(path, page.content);
files.set('events.ts', eventPage(events));
files.set('index.ts', `${files.get('index.ts')}\nexport * from './events';\n`);

rmSync(folder, { recursive: true, force: true });
for (const [path, content] of files) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), withExtensions(path, content));
}

/** Node resolves a module by its file's full name; the renderer leaves that to a bundler. */
function withExtensions(path, content) {
  return content.replace(/(from\s+['"])(\.[^'"]*)(['"])/g, (_, before, target, after) => {
    const place = posix.join(posix.dirname(path), target);
    const name = files.has(`${place}.ts`) ? `${target}.js` : posix.join(target, 'index.js');
    return `${before}${name.startsWith('.') ? name : `./${name}`}${after}`;
  });
}
