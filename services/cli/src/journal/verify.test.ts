import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SegmentStore } from '@foldbook/runtime';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

function foldbook(...args: string[]): Promise<{ readonly status: number; readonly out: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_, stdout, stderr) => {
      resolve({ status: child.exitCode ?? -1, out: stdout + stderr });
    });
  });
}

test('journal verify: whole, damaged, no folder', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-journal-'));
  try {
    const store = new SegmentStore({ dir, segmentBytes: 300 });
    const writer = await store.writer('LOG_0', ['log.>']);
    for (let i = 1; i <= 9; i += 1) await writer.append('log.0.A', Buffer.from(`record ${i}`));
    await store.close();
    const link = Buffer.from(writer.lastLink).toString('hex');
    const folder = join(dir, 'LOG_0');
    const whole = await foldbook('journal', 'verify', folder);
    assert.equal(whole.status, 0, whole.out);
    assert(whole.out.includes(`link of 9: ${link}`), whole.out);
    const copy = join(dir, 'copy');
    cpSync(folder, copy, { recursive: true });
    const [, second = ''] = readdirSync(copy).filter((name) => name.endsWith('.segment'));
    writeFileSync(join(copy, second), 'no segment');
    const damaged = await foldbook('journal', 'verify', copy, '--json');
    assert.equal(damaged.status, 1);
    const { faults, ok } = JSON.parse(damaged.out);
    assert.equal(ok, false);
    assert.match(faults[0].what, /shorter than its header/);
    for (const args of [[join(dir, 'nowhere')], []]) {
      const { out, status } = await foldbook('journal', 'verify', ...args);
      assert.equal(status, 2);
      assert.match(out, /^foldbook: (no segments in .*nowhere|FOLDER is missing)/);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});
