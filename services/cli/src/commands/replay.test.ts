import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../cli-error.ts';
import { runCommand } from '../command.ts';
import { BOOK_ROWS, csvOf, testFolder } from '../replay/testing/market-files.ts';
import { foldbook } from '../testing/foldbook.ts';
import { replay } from './replay.ts';

const DATA = process.env.FOLDBOOK_DATA ?? join(import.meta.dirname, '../../../../../shared/data');

/** Real data; where it is absent the test is skipped with the reason. */
function dataFile(t: TestContext, ...path: string[]): string | undefined {
  const file = join(DATA, ...path);
  if (existsSync(file)) return file;
  t.skip(`no ${file}: put the data there, or set FOLDBOOK_DATA`);
  return undefined;
}

async function jsonOf(...args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await foldbook('replay', '--json', ...args);
  assert.equal(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 1, stdout);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
}

test('JSON: the figures that the contract names, alone on a line', async (t) => {
  const { put } = await testFolder(t);
  const object = await jsonOf(await put('1.csv', csvOf(BOOK_ROWS)), '--book', '1');
  const { events, eventsPerSec, finalBook, checked, mismatches, errors } = object;
  assert.deepEqual([events, checked, mismatches, errors], [6, 0, 0, []]);
  assert(typeof eventsPerSec === 'number' && eventsPerSec > 0);
  const book = {
    ...{ bidLevels: 2, askLevels: 2, bestBid: '10.00', bestAsk: '10.50', orders: 5 },
    bids: [{ price: '10.00', quantity: '12', orders: 2 }],
    asks: [{ price: '10.50', quantity: '4', orders: 1 }],
  };
  assert.deepEqual(finalBook, { ABC: book });
});

test('a fault in the input: status 1, the result, and a line of what, where and how', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf([...BOOK_ROWS, 'A,B,x,1,9']));
  const { status, stdout, stderr } = await foldbook('replay', path, '--json');
  assert.equal(status, 1);
  const { events, errors } = JSON.parse(stdout) as { events: number; errors: { byte: number }[] };
  assert.deepEqual([events, errors.length], [6, 1]);
  const words = /^foldbook: 1\.csv: BAD_\w+: .* at byte (\d+); --lenient counts .*\n$/;
  assert.equal(Number(words.exec(stderr)?.[1]), errors[0]?.byte, stderr);
});

test('LOBSTER against its orderbook: equal, and not', async (t) => {
  const { put } = await testFolder(t);
  const messages = '34200.1,1,5,100,1000,1\n34200.2,1,6,50,1010,-1\n34200.3,3,5,100,1000,1\n';
  const rows = '9999999999,0,1000,100\n1010,50,1000,100\n1010,50,-9999999999,0\n';
  const path = await put('X_2012-06-21_1_2_message_1.csv', messages);
  const good = await put('good.csv', rows);
  const equal = await jsonOf(path, '--check', good);
  assert.deepEqual([equal.events, equal.checked, equal.mismatches], [3, 3, 0]);
  const bad = await put('bad.csv', rows.replace('1010,50,1000,100', '1010,51,1000,100'));
  const { status, stdout } = await foldbook('replay', path, '--check', bad);
  assert.equal(status, 1);
  assert.match(stdout, /1 difference in 3 rows; the first: the ask of row 1/);
  const none = await foldbook('replay', path, '--check', path);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /no answer to itself/);
});

test('real data: ESH4 over two files, and AAPL against its orderbook', async (t) => {
  const first = dataFile(t, 'databento', 'esh4-glbx-mdp3-20231224.mbo.dbn.zst');
  const second = dataFile(t, 'databento', 'esh4-glbx-mdp3-20231225.mbo.dbn.zst');
  const zip = dataFile(t, 'lobster', 'LOBSTER_SampleFile_AAPL_2012-06-21_1.zip');
  if (first === undefined || second === undefined || zip === undefined) return;
  const { finalBook, events } = await jsonOf(first, second, '--book', '0');
  const book = { bidLevels: 922, askLevels: 565, bestBid: '4810.00', bestAsk: '4810.25' };
  assert.deepEqual(finalBook, { ESH4: { ...book, orders: 11_217, bids: [], asks: [] } });
  assert.equal(events, 8_725 + 68_792);
  const { checked, mismatches } = await jsonOf(zip, '--check');
  assert.deepEqual([checked, mismatches], [118_497, 0]);
  // The last row of the orderbook file: 5776700,300,5775400,410.
  const followed = await jsonOf(zip, '--book', '0');
  const last = { bidLevels: 1, askLevels: 1, bestBid: '577.54', bestAsk: '577.67', orders: 0 };
  assert.deepEqual(followed.finalBook, { AAPL: { ...last, bids: [], asks: [] } });
  assert.deepEqual([followed.events, followed.crossedLevels], [148_569, 0]);
  const alone = await jsonOf(zip, '--book', '0', '--no-orderbook');
  assert.deepEqual([alone.events, alone.orderbooks], [118_497, undefined]);
});

test('refused before anything is read', async () => {
  for (const [line, words] of [
    ['', /^name at least one file$/],
    ['/nonexistent', /nonexistent can't be read: there is no such file/],
    ['x --format itch50', /^--format itch50: use auto or one of lobster, dbn, itch, /],
    ['x --unknown maybe', /^--unknown maybe: use count or refuse$/],
    ['x --features mid,middle', /^--features: there is no feature "middle"; there are spread/],
    ['x --features mid,mid', /^--features: mid is named twice$/],
    ['x --speed fast', /^--speed fast: give a number above 0; 1 is as it was/],
    ['x --speed 0', /^--speed 0: /],
    ['x --repeat 0', /^--repeat 0: give a whole number from 1 /],
    ['x --check y --no-orderbook', /^--check and --no-orderbook: a check compares/],
    ['x --check y --strategy z', /^--check and --strategy: a check compares/],
    ['x --follow --repeat 2', /^--follow and --repeat: /],
    ['x --backtest', /^--backtest is of one strategy: name it with --strategy FILE$/],
    ['x --fees 1,2', /^--fees is for --backtest: add it$/],
    ['x --backtest --strategy y --fees 1', /^--fees 1: give MAKER,TAKER/],
    ['x --backtest --strategy y --fees=-10,5', /^--fees -10,5: together they are below 0/],
    ['x --funds 0:1', /^--funds is for --backtest: add it$/],
    ['x --backtest --strategy y --funds 5', /^--funds 5: give BASE:QUOTE, /],
    ['x --backtest --strategy y --funds 1:1e9', /^--funds 1:1e9: give BASE:QUOTE, /],
    ['x --backtest --strategy y --latency 5', /^--latency 5: give DATA,ORDER or/],
    ['x --backtest --strategy y --engine', /^--backtest and --engine: /],
    ['x --parallel --parquet y', /^--parallel and --parquet: /],
    ['--parallel 2 x --svg y', /^--parallel and --svg: /],
    ['x --parallel 1', /^--parallel 1: give a whole number from 2 /],
  ] as const) {
    const environment = { signal: new AbortController().signal, password: undefined };
    const args = line.split(' ').filter((arg) => arg !== '');
    await assert.rejects(
      () => runCommand(replay, args, environment),
      (error: unknown) => error instanceof UsageError && words.test(error.message),
      line,
    );
  }
});

test('an instrument that no event is of: status 1, and said', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const { status, stderr } = await foldbook('replay', path, '--instrument', 'XYZ');
  assert.deepEqual([status, /--instrument XYZ: no event is of it/.test(stderr)], [1, true], stderr);
  assert.equal((await foldbook('replay', path, '--instrument', 'ABC')).status, 0);
});

const HANGS = `
import { writeSync } from 'node:fs';
export default {
  start: () => ({
    onBlock() {
      writeSync(2, 'hangs');
      for (;;);
    },
  }),
};
`;

for (const [asked, ended] of [
  [['--backtest'], [130, null]],
  [[], [130, null]],
  [['--stages'], [null, 'SIGINT']],
] as const) {
  test(`a strategy that hangs ends with the second Ctrl-C ${asked.join('')}`, async (t) => {
    const { put } = await testFolder(t);
    // More than the thread that replays can be ahead of one that reads.
    const rows = Array.from({ length: 20_000 }, (_, index) => `A,B,10,5,${index + 1}`);
    const path = await put('1.csv', csvOf(rows));
    const strategy = await put('hangs.ts', HANGS);
    const main = join(import.meta.dirname, '../main.ts');
    const args = [main, 'replay', path, '--strategy', strategy, ...asked];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const end = once(child, 'exit');
    await once(child.stderr, 'data');
    const again = setInterval(() => child.kill('SIGINT'), 100);
    t.after(() => {
      clearInterval(again);
      child.kill('SIGKILL');
    });
    assert.deepEqual(await end, ended);
  });
}

test('what a strategy leaves uncaught ends the run in two lines', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const words =
    "export default { start: () => ({ onBlock: () => Promise.reject(Error('late')) }) };";
  const strategy = await put('late.ts', words);
  const { status, stderr } = await foldbook('replay', path, '--backtest', '--strategy', strategy);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^foldbook: the thread of 1\.csv: late, uncaught\n +at .*late\.ts:1:\d+\)?\n$/,
  );
});

test('what a strategy prints comes out, in order, before the result', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const lines = Array.from({ length: 2_000 }, (_, index) => `line ${index}`);
  const strategy = await put(
    'prints.ts',
    `export default { start: () => ({ onBlock() {}, result() {
      for (let line = 0; line < 2_000; line += 1) console.log('line ' + line);
    } }) };`,
  );
  const { status, stdout } = await foldbook('replay', path, '--backtest', '--strategy', strategy);
  assert.equal(status, 0);
  assert.deepEqual(stdout.split('\n').slice(0, 2_000), lines);
  assert.match(stdout, /\n1\.csv: csv, 6 events/);
});

test('JSON: what a strategy prints is not among the results', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const words = "export default { start() { console.log('printed'); return { onBlock() {} }; } };";
  const strategy = await put('prints.ts', words);
  for (const asked of [[], ['--backtest'], ['--stages'], ['--parallel', '2']]) {
    const args = ['replay', path, '--json', '--strategy', strategy, ...asked];
    const { status, stdout, stderr } = await foldbook(...args);
    assert.equal(status, 0, stderr);
    for (const line of stdout.trim().split('\n')) assert.equal(typeof JSON.parse(line), 'object');
    assert.match(stderr, /^printed$/m, `${asked}`);
  }
});

test('whoever reads the output has gone: it ends without a word', async (t) => {
  const { put } = await testFolder(t);
  const path = await put('1.csv', csvOf(BOOK_ROWS));
  const main = join(import.meta.dirname, '../main.ts');
  const child = spawn(process.execPath, [main, 'replay', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [status] = await once(child, 'close');
  assert.deepEqual([status, stderr], [130, '']);
});
