import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernelEngine, type Engine, loadKernel, RESULT_CAPACITY } from '@foldbook/engine';
import { CommandKind, CommandOffset, RECORD_BYTES } from '@foldbook/protocol';
import { type ChainBuilder, memorySource } from '../testing/index.ts';
import { chainOf, randomLog } from '../testing/logged-chain.ts';
import type { ChainOptions, ChainResult } from '../verify-chain.ts';
import { verifyChain } from '../verify-chain.ts';
import { createReplayEngine, type LogRecord, LogReplay } from './log-replay.ts';

const EPOCHS = 3;
const { log, made } = randomLog(11, EPOCHS);
const honest = chainOf(made);

async function* stream(records: readonly LogRecord[]): AsyncGenerator<LogRecord> {
  yield* records;
}

interface Question extends Pick<ChainOptions, 'from' | 'to' | 'recordsMax'> {
  readonly records?: AsyncIterable<LogRecord>;
  readonly engine?: Engine;
}

async function replayed(chain: ChainBuilder, question: Question = {}): Promise<ChainResult> {
  const { records = stream(log), engine = await createReplayEngine(), ...options } = question;
  const replay = new LogReplay({ log: records, engine, ...options });
  const { files, trustedKeys } = chain;
  return verifyChain(memorySource(files), { level: 'replay', replay, trustedKeys, ...options });
}

async function refusal(chain: ChainBuilder, question: Question = {}) {
  const result = await replayed(chain, question);
  assert(!result.ok, 'it was accepted');
  return result.firstFailure;
}

/** The log with other bytes in the group of its first command of this kind in an epoch. */
function altered(epoch: number, kind: CommandKind, change: (command: DataView) => void) {
  const from = made[epoch]?.logFirst ?? 0;
  const copy = log.map(({ sequence, payload }) => ({ sequence, payload: payload.slice() }));
  for (const { sequence, payload } of copy) {
    if (sequence < from) continue;
    for (let at = RECORD_BYTES; at < payload.length; at += RECORD_BYTES) {
      if (payload[at + CommandOffset.KIND] !== kind) continue;
      change(new DataView(payload.buffer, payload.byteOffset + at, RECORD_BYTES));
      return copy;
    }
  }
  throw new Error(`the log has no command of kind ${kind} from epoch ${epoch} on`);
}

test('a chain follows from its log, with and without published records', async () => {
  assert(made.every(({ records }) => records.length > 100));
  assert(made.every(({ changes }) => changes.length > 0));
  const result = await replayed(honest);
  assert(result.ok, JSON.stringify(!result.ok && result.firstFailure));
  assert.deepEqual([result.level, result.epochs], ['replay', EPOCHS]);
  assert(result.shown.some((claim) => claim.includes('price-time priority')));
  const headers = chainOf(made);
  for (const name of headers.files.keys()) if (/fb[rd]$/.test(name)) headers.files.delete(name);
  assert((await replayed(headers)).ok, 'the log has the records');
  const part = await replayed(honest, { from: 1, to: 1 });
  assert(part.ok && part.epochs === 1);
});

test('a log with one command changed is not the one that was signed for', async () => {
  const records = altered(1, CommandKind.DEPOSIT, (command) => {
    const amount = command.getBigUint64(CommandOffset.QUANTITY, true);
    command.setBigUint64(CommandOffset.QUANTITY, amount + 1n, true);
  });
  const { epoch, part, code, message } = await refusal(honest, { records: stream(records) });
  assert.deepEqual([epoch, part, code], [1, 'log', 'LOG_DIFFERS']);
  assert.match(message, /log head [0-9a-f]{64}, the log gives [0-9a-f]{64}; what first came of it/);
  assert.match(message, /record \d+, market sequence \d+: published is \(kind [45], /);
});

test('headers of another history are not of this log', async () => {
  const other = randomLog(12, EPOCHS);
  const { epoch, code } = await refusal(chainOf(other.made));
  assert.deepEqual([epoch, code], [0, 'LOG_DIFFERS']);
  // A lie about which groups they are, over the right log.
  for (const field of ['logLast', 'sequenceLast'] as const) {
    const chain = chainOf(made.slice(0, 1), [
      {
        header: (header) => {
          header[field] += 1n;
        },
      },
    ]);
    const lie = await refusal(chain);
    assert.deepEqual([lie.epoch, lie.code], [0, 'LOG_DIFFERS'], field);
  }
});

test('a log that is not all there', async () => {
  const place = log.findIndex(({ sequence }) => sequence === made[1]?.logFirst);
  for (const [from, to, expected] of [
    [0, 1, 0],
    [place + 3, place + 5, 1],
    [place, place + 21, 1],
  ] as const) {
    const { epoch, code } = await refusal(honest, {
      records: stream(log.toSpliced(from, to - from)),
    });
    assert.deepEqual([epoch, code], [expected, 'LOG_DIFFERS'], `without ${from} to ${to}`);
  }
  const cut = await refusal(honest, { records: stream(log.slice(0, -1)) });
  assert.deepEqual([cut.epoch, cut.part, cut.code], [EPOCHS - 1, 'log', 'LOG_MISSING']);
  assert.match(cut.message, /ends at log sequence \d+, market sequence \d+/);
  async function* broken() {
    yield* log.slice(0, place);
    throw new Error('record 99 is missing');
  }
  const gap = await refusal(honest, { records: broken() });
  assert.deepEqual([gap.epoch, gap.code], [1, 'LOG_READ']);
  assert.match(gap.message, /record 99 is missing/);
});

test('what is no group of the market', async () => {
  const [first, second] = log;
  assert(first && second);
  const bytes = (change: (payload: Uint8Array) => void) => {
    const payload = second.payload.slice();
    change(payload);
    return stream(log.with(1, { ...second, payload }));
  };
  for (const [name, records] of [
    ['cut off', stream(log.with(1, { ...second, payload: second.payload.slice(0, -1) }))],
    ['of another kind', bytes((payload) => payload.fill(9, 3, 4))],
    ['of another market', bytes((payload) => payload.fill(9, 4, 5))],
    ['before its time', bytes((payload) => payload.fill(255, 24, 32))],
    ['out of order', stream(log.with(1, { ...second, sequence: first.sequence }))],
  ] as const) {
    const { epoch, code } = await refusal(honest, { records });
    assert.deepEqual([epoch, code], [0, 'LOG_FORMAT'], name);
  }
  const most = await refusal(honest, { recordsMax: 100 });
  assert.deepEqual([most.epoch, most.code], [0, 'REPLAY_RECORDS']);
});

test('an engine of other rules gives other records for the same log', async () => {
  const options = { resultCapacity: RESULT_CAPACITY, matchLimit: 1 };
  const engine = createKernelEngine(await loadKernel(), options);
  const { epoch, part, code, message } = await refusal(honest, { engine });
  assert.deepEqual([epoch, part, code], [0, 'records', 'REPLAY_RECORDS']);
  assert.match(message, /^record \d+, market sequence \d+: published is /);
  const hidden = chainOf(made);
  for (const name of hidden.files.keys()) if (/fb[rd]$/.test(name)) hidden.files.delete(name);
  const again = createKernelEngine(await loadKernel(), options);
  // By the headers alone: where a change of the rules stands among the records.
  assert.equal((await refusal(hidden, { engine: again })).code, 'REPLAY_RULES');
  const broken = await createReplayEngine();
  broken.apply = () => {
    throw new Error('out of memory');
  };
  const failed = await refusal(honest, { engine: broken });
  assert.deepEqual([failed.code, /out of memory/.test(failed.message)], ['REPLAY_ENGINE', true]);
});

test('what an operator signs beside the log is found out', async () => {
  const lie = (cheat: NonNullable<Parameters<typeof chainOf>[1]>[number]) =>
    refusal(chainOf(made, [{}, cheat]));
  const state = await lie({
    header: (header) => {
      header.stateHash ^= 1n;
    },
  });
  assert.deepEqual([state.epoch, state.code], [1, 'REPLAY_STATE']);
  const time = await lie({
    header: (header) => {
      header.timeNs += 1n;
    },
  });
  assert.deepEqual([time.epoch, time.code], [1, 'REPLAY_TIME']);
  const rules = await lie({
    draft: ({ changes }) => {
      const index = changes.findIndex(({ kind }) => kind === 'fees');
      const change = changes[index];
      assert(change?.kind === 'fees');
      changes[index] = { ...change, takerFeePpm: change.takerFeePpm + 1 };
    },
  });
  assert.deepEqual([rules.epoch, rules.part, rules.code], [1, 'rules', 'REPLAY_RULES']);
  assert.match(rules.message, /^change \d+, market sequence \d+: the epoch has \(kind fees/);
});

test('other fees than the log gives, proved and published as they are', async () => {
  const [first, second, ...rest] = made;
  assert(first && second);
  const index = second.records.findIndex(({ kind, dQuote }) => kind === 2 && dQuote > 0n);
  const fee = second.records[index];
  assert(fee);
  const records = second.records.with(index, { ...fee, dQuote: fee.dQuote - 1n });
  const { epoch, code, message } = await refusal(chainOf([first, { ...second, records }, ...rest]));
  assert.deepEqual([epoch, code], [1, 'REPLAY_RECORDS']);
  assert.match(message, /published is \(kind 2, .* quote \d+\), the log gives \(kind 2, /);
});

test('who signed is asked before what the log says', async () => {
  const files = new Map(honest.files);
  const name = 'epochs/00000000.fbe';
  const bytes = files.get(name)?.slice();
  assert(bytes);
  // In the signature, behind the header.
  const at = 8 + 384 + 5;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  files.set(name, bytes);
  const replay = new LogReplay({ log: stream([]), engine: await createReplayEngine() });
  const { trustedKeys } = honest;
  const result = await verifyChain(memorySource(files), { level: 'replay', replay, trustedKeys });
  assert(!result.ok);
  assert.equal(result.firstFailure.code, 'HEADER_SIGNATURE');
});
