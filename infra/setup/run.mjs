// Entry of the npm scripts. Plain JavaScript: it runs on the machine's own Node (20 or newer),
// installs what is missing, then goes on in TypeScript under the project's Node.
import { join } from 'node:path';
import { ensureInstalled } from './install.mjs';
import { continueUnder, isAtLeast, projectNode, projectRoot } from './project-node.mjs';

const OLDEST_NODE = '20.0.0';

async function run() {
  if (!isAtLeast(process.version, OLDEST_NODE)) {
    throw new Error(`this is Node ${process.version}; install Node ${OLDEST_NODE} or newer`);
  }
  const startedMs = Date.now();
  const installed = await ensureInstalled((line) => process.stdout.write(`   ${line}\n`));
  const node = projectNode();
  if (node === undefined) throw new Error('no Node to go on with; run: npm ci');
  const installMs = installed ? Date.now() - startedMs : 0;
  const main = join(projectRoot, 'infra', 'setup', 'main.ts');
  continueUnder(node, [main, String(installMs), ...process.argv.slice(2)]);
}

run().catch((error) => {
  process.stderr.write(`\nset-up failed: ${error.message}\n`);
  // Whoever reads the last line of a test run gets an answer even now.
  if (process.argv[2] === 'test') process.stdout.write('\n0 passed, 1 failed\n');
  process.exitCode = 1;
});
