import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { mapFile, mapKept } from '../mapped-file.ts';
import { clearMetricsFile, createMetricsFile } from './metrics-file.ts';
import { layOutMetrics } from './metrics-layout.ts';
import { MetricsReader, thisOwner } from './metrics-reader.ts';
import { MetricsWriter } from './metrics-writer.ts';

const SPECS = { one: { count: { kind: 'counter', unit: 'turns', help: 'one a turn' } } } as const;
const layOut = () => layOutMetrics(thisOwner('test', 1), SPECS);

const module = (name: string) => JSON.stringify(import.meta.resolve(`./metrics-${name}.ts`));

/** A process that makes metrics, says so, and then does what it is told. */
const CHILD = `
  const [, file, then] = process.argv;
  const { createMetricsFile } = await import(${module('file')});
  const { layOutMetrics } = await import(${module('layout')});
  const { thisOwner } = await import(${module('reader')});
  const specs = ${JSON.stringify(SPECS)};
  createMetricsFile(file, layOutMetrics(thisOwner('test', 1), specs));
  console.log('made');
  if (then === 'throw') throw new Error('a defect');
  setInterval(() => undefined, 1_000);`;

function start(file: string, then: 'wait' | 'throw') {
  const args = ['--input-type=module', '-e', CHILD, file, then];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
}

describe('files of metrics', { skip: process.platform !== 'linux' && 'Linux only' }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-metrics-file-'));
  after(() => rmSync(dir, { recursive: true }));
  const path = (name: string) => join(dir, name);

  test('only their user may read and write them; they go as they came', () => {
    const { buffer, remove } = createMetricsFile(path('own'), layOut());
    assert.equal(statSync(path('own')).mode & 0o777, 0o600);
    new MetricsWriter(buffer, 'one').counter('count').add(3);
    const seen = mapFile(path('own'), 0, { create: false, readOnly: true });
    assert.equal(new MetricsReader(seen.buffer).sample(0).numbers.get('count'), 3);
    seen.close();
    remove();
    assert.equal(statSync(path('own'), { throwIfNoEntry: false }), undefined);
  });

  test('threads map what was made, whatever has the name by then', () => {
    const { buffer, descriptor, remove } = createMetricsFile(path('swapped'), layOut());
    renameSync(path('swapped'), path('aside'));
    writeFileSync(path('swapped'), new Uint8Array(4_096));
    const other = mapKept(descriptor);
    new MetricsWriter(other.buffer, 'one').counter('count').add(4);
    assert.equal(new MetricsReader(buffer).sample(0).numbers.get('count'), 4);
    other.close();
    remove();
    assert.throws(() => mapKept(descriptor), { code: 'EBADF' });
    assert.equal(statSync(path('swapped')).size, 4_096, 'not ours to take away');
  });

  test('one whose owner runs is not replaced; what a killed one left is', async () => {
    const child = start(path('left'), 'wait');
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    const replace = () => createMetricsFile(path('left'), layOut());
    assert.throws(replace, { code: 'IN_USE', message: new RegExp(`process ${child.pid},`) });
    clearMetricsFile(path('left'));
    child.kill('SIGKILL');
    await ended;
    assert(statSync(path('left')).size > 0, 'nobody took it away');
    const { buffer, remove } = replace();
    assert.equal(new MetricsReader(buffer).descriptor.owner.pid, process.pid);
    remove();
    const again = start(path('left'), 'wait');
    await once(again.stdout, 'data');
    again.kill('SIGKILL');
    await once(again, 'exit');
    clearMetricsFile(path('left'));
    assert.equal(statSync(path('left'), { throwIfNoEntry: false }), undefined);
    clearMetricsFile(path('left'));
  });

  test('a process that fails takes its file with it', async () => {
    const child = start(path('failed'), 'throw');
    await once(child, 'exit');
    assert.equal(child.exitCode, 1);
    assert.equal(statSync(path('failed'), { throwIfNoEntry: false }), undefined);
  });

  test('what was half made, or is damaged, is replaced; what is not ours never is', () => {
    const layout = layOut();
    writeFileSync(path('empty'), '');
    writeFileSync(path('zeros'), new Uint8Array(layout.totalBytes));
    const made = createMetricsFile(path('cut'), layout);
    const bytes = readFileSync(path('cut'));
    made.remove();
    writeFileSync(path('cut'), bytes.subarray(0, bytes.length / 2));
    for (const name of ['empty', 'zeros', 'cut']) createMetricsFile(path(name), layout).remove();
    writeFileSync(path('notes'), 'of somebody else');
    symlinkSync(path('notes'), path('link'));
    const replace = (name: string) => () => createMetricsFile(path(name), layout);
    assert.throws(replace('notes'), { code: 'NOT_METRICS', message: /is not replaced$/ });
    assert.throws(replace('link'), { code: 'ELOOP' });
    assert.throws(() => createMetricsFile(dir, layout), { code: 'NOT_A_FILE' });
    clearMetricsFile(path('notes'));
    assert.equal(readFileSync(path('notes'), 'utf8'), 'of somebody else');
  });

  test('who has lost the name takes nobody else’s file away', () => {
    const first = createMetricsFile(path('name'), layOut());
    renameSync(path('name'), path('elsewhere'));
    const second = createMetricsFile(path('name'), layOut());
    first.remove();
    assert(statSync(path('name')).size > 0);
    second.remove();
    assert.equal(statSync(path('name'), { throwIfNoEntry: false }), undefined);
  });
});
