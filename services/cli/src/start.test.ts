/** What a command loads before it does anything: it is what its user waits for. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Tells on standard error of each module as it is loaded. */
const TELL = `import { registerHooks } from 'node:module';
import { writeSync } from 'node:fs';
registerHooks({
  load(url, context, next) {
    writeSync(2, 'loads ' + url + '\\n');
    return next(url, context);
  },
});`;

function loadedBy(...args: string[]): Promise<readonly string[]> {
  const line = ['--import', `data:text/javascript,${encodeURIComponent(TELL)}`, MAIN, ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, line, (_, __, stderr) => {
      const lines = stderr.split('\n').filter((each) => each.startsWith('loads file:'));
      resolve(lines.map((each) => each.slice('loads '.length)));
    });
  });
}

describe('a start', () => {
  it('loads neither the SDK nor the broker library where a command does without them', async () => {
    for (const args of [['--version'], ['nope'], ['market', 'nope']]) {
      const loaded = await loadedBy(...args);
      assert(
        loaded.some((url) => url.endsWith('/cli/src/main.ts')),
        'the hook tells',
      );
      const heavy = loaded.filter((url) => /node_modules|\/shared\//.test(url));
      assert.deepEqual(heavy, [], args.join(' '));
    }
  });

  it('of a command that talks to a market leaves out what proofs are verified with', async () => {
    const loaded = await loadedBy('market', 'create', '--help');
    assert(loaded.some((url) => url.includes('/shared/client/')));
    assert.deepEqual(
      loaded.filter((url) => /poseidon|groth16|bn254/.test(url)),
      [],
    );
  });
});
