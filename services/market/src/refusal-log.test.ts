import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, ManualClock } from '@foldbook/runtime';
import { RefusalLog } from './refusal-log.ts';

test('one line a second with the counts, and the last ones in a ring', () => {
  const clock = new ManualClock(10_000_000_000n);
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = new RefusalLog(clock, createLogger({ service: 'x', level: 'info', write }));
  for (let index = 0; index < 1_000; index += 1) log.add('BUSY', `cmd.M.${index}`);
  assert.equal(lines.length, 1, 'the first at once, the others within the second not');
  clock.advanceNs(1_000_000_000n);
  log.add('FIELD_RANGE', 'cmd.M.x');
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? '', /BUSY.*999.*FIELD_RANGE.*1.*total.*1001/);
  assert.equal(log.total, 1_001);
  const recent = log.recent();
  assert.equal(recent.length, 256);
  assert.deepEqual(
    [recent[0]?.subject, recent.at(-1)?.subject, recent.at(-1)?.code],
    ['cmd.M.745', 'cmd.M.x', 'FIELD_RANGE'],
  );
  log.tell();
  assert.equal(lines.length, 2, 'nothing new to tell');
});
