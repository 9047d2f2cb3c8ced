import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { HealthFile } from './health-file.ts';
import { systemTimers, type Timers } from './timers.ts';

describe('a health file', () => {
  let dir = '';
  let look = (): void => undefined;
  const timers: Timers = {
    ...systemTimers,
    every: (_, run) => {
      look = run;
      return { unref: () => undefined, [Symbol.dispose]: () => undefined };
    },
  };

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'health-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  it('is touched while the process is well, and gone when it closes', () => {
    const path = join(dir, 'well');
    let isWell = true;
    const file = new HealthFile({ path, isWell: () => isWell, onTrouble: assert.fail, timers });
    assert(existsSync(path));
    rmSync(path);
    isWell = false;
    look();
    assert(!existsSync(path));
    isWell = true;
    look();
    assert(existsSync(path));
    file.close();
    assert(!existsSync(path));
  });

  it('tells once that it can not be written, and harms nobody', () => {
    const told: string[] = [];
    const path = join(dir, 'none', 'well');
    const onTrouble = (detail: string) => told.push(detail);
    const file = new HealthFile({ path, isWell: () => true, onTrouble, timers });
    look();
    file.close();
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /ENOENT/);
  });
});
