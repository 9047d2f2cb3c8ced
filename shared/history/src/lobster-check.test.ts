import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataFile } from '../test/data.ts';
import { newKernel } from '../test/decoding.ts';
import { InputFile } from './files/input-file.ts';
import { checkLobster } from './lobster-check.ts';
import { LobsterDayDecoder } from './lobster-day.ts';
import { ReplayBook } from './replay-book.ts';

const SAMPLES = [
  { name: 'GOOG', levels: 10, rows: 147_916 },
  { name: 'AAPL', levels: 1, rows: 118_497 },
] as const;

for (const { name, levels, rows } of SAMPLES) {
  test(`every row of the ${name} day is the book after its message`, async (t) => {
    const file = dataFile(t, 'lobster', `LOBSTER_SampleFile_${name}_2012-06-21_${levels}.zip`);
    if (file === undefined) return;
    const kernel = newKernel();
    const [messages, orderbook] = await Promise.all(
      ['_message_', '_orderbook_'].map((part) =>
        InputFile.open(file, { member: (member) => member.includes(part) }),
      ),
    );
    assert.ok(messages !== undefined && orderbook !== undefined);
    const result = await checkLobster({
      kernel,
      decoder: new LobsterDayDecoder(kernel),
      book: new ReplayBook({ kernel, joined: true }),
      messages: messages.chunks(),
      rows: orderbook.chunks(),
    });
    await Promise.all([messages.close(), orderbook.close()]);
    assert.deepEqual(result, { checked: rows, mismatches: 0, first: undefined });
  });
}

const check = (messages: string, rows: string) => {
  const kernel = newKernel();
  return checkLobster({
    kernel,
    decoder: new LobsterDayDecoder(kernel),
    book: new ReplayBook({ kernel, joined: true }),
    messages: [Buffer.from(messages)],
    rows: [Buffer.from(rows)],
  });
};
const MESSAGES = '1.0,1,7,10,100,1\n1.5,1,8,5,101,1\n2.0,4,9,3,103,-1\n';

test('rows that differ are counted, and the first is named', async () => {
  const rows = '103,8,100,10\n103,8,101,5\n103,5,101,5\n';
  assert.deepEqual(await check(MESSAGES, rows), { checked: 3, mismatches: 0, first: undefined });
  const wrong = rows.replace('103,5,101,5', '103,6,101,5');
  const result = await check(MESSAGES, wrong);
  assert.deepEqual(result, { checked: 3, mismatches: 1, first: 'the ask of row 2' });
});

test('a file that ends before the other is a mismatch', async () => {
  const rows = '103,8,100,10\n103,8,101,5\n';
  assert.equal((await check(MESSAGES, rows)).mismatches, 1);
  assert.equal((await check(MESSAGES, `${rows}103,5,101,5\n103,5,101,5\n`)).mismatches, 1);
});
