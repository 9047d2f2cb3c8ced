import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BatchFlag,
  BatchKind,
  decodeBatchHeader,
  decodeReply,
  EventOffset,
  encodeBatch,
  MAX_REPORT_ANSWER_BYTES,
  RECORD_BYTES,
  reportSubject,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import { Market } from './market-registry.ts';
import { ReportReplay } from './report-replay.ts';
import { MemoryReader } from './testing/memory-reader.ts';
import { MemoryWriter } from './testing/pipeline.ts';

const market = new Market('BTC-USD', 3, 0);
const SUBJECT = reportSubject(0, 7, market.name);

/** A batch with one record for each sequence; with PARTIAL the last one's command goes on. */
function batch(sequences: readonly number[], prev: number, flags = 0): Uint8Array {
  const records = new Uint8Array(sequences.length * RECORD_BYTES);
  for (const [index, sequence] of sequences.entries()) {
    writeCount(viewOf(records), index * RECORD_BYTES + EventOffset.SEQUENCE, sequence);
  }
  const reach = sequences.at(-1) ?? 0;
  const last = (flags & BatchFlag.PARTIAL) === 0 ? reach : reach - 1;
  return encodeBatch({ kind: BatchKind.REPORTS, prev, last, flags }, records);
}

/** Sequences of the first record of each batch in the answer, and its `last`. */
function read(answer: Uint8Array): { last: number; firsts: number[]; bytes: number } {
  const header = decodeBatchHeader(answer, BatchKind.REPLY, 20_000);
  assert(header.ok, header.ok ? '' : header.detail);
  assert.equal(header.value.market, market.id);
  const firsts: number[] = [];
  let offset = RECORD_BYTES;
  while (offset < answer.byteLength) {
    const view = viewOf(answer.subarray(offset));
    firsts.push(Number(view.getBigUint64(RECORD_BYTES + EventOffset.SEQUENCE, true)));
    offset += (view.getUint32(8, true) + 1) * RECORD_BYTES;
  }
  return { last: header.value.last, firsts, bytes: answer.byteLength };
}

async function filled(count: number) {
  const writer = new MemoryWriter('RPT_0');
  for (let sequence = 1; sequence <= count; sequence += 1) {
    await writer.append(reportSubject(0, 8, market.name), batch([sequence], sequence - 1));
    const isOdd = sequence % 2 === 1;
    if (isOdd) await writer.append(SUBJECT, batch([sequence], Math.max(0, sequence - 2)));
  }
  const fail = (error: unknown) => assert.fail(String(error));
  return { writer, replay: new ReportReplay(new MemoryReader(writer), fail) };
}

describe('ReportReplay', () => {
  it("answers an account's own reports after a sequence", async () => {
    const { replay } = await filled(9);
    const ask = async (after: number, skip = 0) =>
      read(await replay.answer(market, { account: 7, after, skip })).firsts;
    assert.deepEqual(await ask(0), [1, 3, 5, 7, 9]);
    for (const after of [3, 4]) assert.deepEqual(await ask(after), [5, 7, 9]);
    assert.deepEqual(await ask(3, 1), [7, 9]);
    assert.deepEqual(await ask(3, 50), []);
    for (const after of [9, 10, Number.MAX_SAFE_INTEGER]) assert.deepEqual(await ask(after), []);
    const { last } = read(await replay.answer(market, { account: 7, after: 5, skip: 0 }));
    assert.equal(last, 9);
    const stranger = read(await replay.answer(market, { account: 9, after: 0, skip: 0 }));
    assert.deepEqual([stranger.last, stranger.firsts], [0, []]);
  });

  it('starts with the batch in which a cut command starts', async () => {
    const { writer, replay } = await filled(1);
    const { PARTIAL, CONTINUES } = BatchFlag;
    await writer.append(SUBJECT, batch([2, 3, 4], 1, PARTIAL));
    await writer.append(SUBJECT, batch([4], 1, PARTIAL | CONTINUES));
    const ask = async (after: number) =>
      read(await replay.answer(market, { account: 7, after, skip: 0 }));
    assert.deepEqual(await ask(3), { last: 3, firsts: [2, 4], bytes: 7 * RECORD_BYTES });
    await writer.append(SUBJECT, batch([4, 5], 1, CONTINUES));
    assert.deepEqual((await ask(3)).firsts, [2, 4, 4]);
    assert.deepEqual((await ask(4)).firsts, [4]);
  });

  it('answers no more than a broker takes, and the largest batch alone', async () => {
    const { writer, replay } = await filled(0);
    const large = Array.from({ length: 12_288 }, (_, index) => index + 1);
    await writer.append(SUBJECT, batch(large, 0));
    await writer.append(
      SUBJECT,
      batch(
        large.map((sequence) => sequence + 12_288),
        12_288,
      ),
    );
    const first = read(await replay.answer(market, { account: 7, after: 0, skip: 0 }));
    assert.deepEqual([first.firsts, first.last], [[1], 24_576]);
    assert(first.bytes <= MAX_REPORT_ANSWER_BYTES);
    const second = read(await replay.answer(market, { account: 7, after: 12_288, skip: 0 }));
    assert.deepEqual(second.firsts, [12_289]);
  });

  it('reads for an account one answer at a time, and for some accounts at once', async () => {
    const { replay } = await filled(3);
    const ask = (account: number) => replay.answer(market, { account, after: 0, skip: 0 });
    const codeOf = (answer: Uint8Array) => {
      const reply = decodeReply(answer);
      return reply.ok ? reply.value.name : reply.name;
    };
    const twice = await Promise.all([ask(7), ask(7)]);
    assert.deepEqual(read(twice[0]).firsts, [1, 3]);
    assert.equal(codeOf(twice[1]), 'BUSY');
    const crowd = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(100 + index)));
    assert.equal(crowd.filter((answer) => codeOf(answer) === 'BUSY').length, 4);
    assert.deepEqual(read(await ask(7)).firsts, [1, 3], 'what was read makes room');
  });

  it('says UNAVAILABLE, and why, where the stream cannot be read', async () => {
    const errors: unknown[] = [];
    const reader = new MemoryReader(new MemoryWriter('RPT_0'));
    reader.last = () => Promise.reject(new Error('the broker is away'));
    const replay = new ReportReplay(reader, (error) => errors.push(error));
    const answer = decodeReply(await replay.answer(market, { account: 7, after: 0, skip: 0 }));
    assert.equal(answer.ok && answer.value.name, 'UNAVAILABLE');
    assert.deepEqual(errors, [new Error('the broker is away')]);
  });
});
