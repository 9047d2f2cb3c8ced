#!/usr/bin/env node
// Plain JavaScript: starts on an older Node and goes on under the project's own.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  continueUnder,
  keepCompiled,
  projectNode,
  projectRoot,
} from '../../../infra/setup/project-node.mjs';

const main = join(projectRoot, 'services', 'cli', 'src', 'main.ts');
const node = projectNode();

if (node === undefined || !existsSync(join(projectRoot, 'node_modules'))) {
  process.stderr.write(
    `foldbook: dependencies are not installed in ${projectRoot}; run there: npm run setup\n`,
  );
  process.exitCode = 1;
} else {
  keepCompiled();
  if (node === process.execPath) {
    // The command finds its arguments where it would if it had been started directly.
    process.argv[1] = main;
    await import(pathToFileURL(main).href);
  } else {
    continueUnder(node, [main, ...process.argv.slice(2)]);
  }
}
