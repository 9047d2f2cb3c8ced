import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function foldbook(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'check', 'sim', ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

describe('check sim', () => {
  it('runs seeds, in one process as in two', async () => {
    const one = await foldbook('--seeds', '2', '--json');
    const two = await foldbook('--seeds', '2', '--jobs', '2', '--json');
    assert.equal(one.code, 0, one.stderr);
    const figures = JSON.parse(one.stdout);
    assert.equal(figures.ok, true);
    assert.equal(figures.seeds, 2);
    assert(figures.counts['acknowledgements checked'] > 0);
    assert.equal(JSON.parse(two.stdout).hash, figures.hash);
  });

  it('shows the seed that finds a defect, and what happened there', async () => {
    const { code, stdout } = await foldbook('--seeds', '60', '--plant', 'reused-sequence');
    assert.equal(code, 0, 'a defect that was planted is to be found');
    const [, seed] = /^seed (\d+) broke a rule/m.exec(stdout) ?? [];
    assert(seed !== undefined, stdout);
    const args = ['--seed', seed, '--plant', 'reused-sequence', '--trace', '--json'];
    const again = JSON.parse((await foldbook(...args)).stdout);
    assert(again.violations.length > 0 && again.command.includes(`--seed ${seed} `));
    assert(again.trace.some((line: string) => line.includes('VIOLATION')));
  });

  it('refuses what it does not know', async () => {
    const unknown = await foldbook('--plant', 'weeds');
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no plant "weeds"; there are: stale-writer, /);
    const trace = await foldbook('--trace');
    assert.equal(trace.code, 2);
    assert.match(trace.stderr, /give --seed/);
    const two = await foldbook('--seed', '3', '--seeds', '4');
    assert.equal(two.code, 2);
    assert.match(two.stderr, /--seed is one seed alone: leave it or --seeds away/);
  });
});
