/** The checkpointer over a store that takes nothing; all else is in checkpoints.test.ts. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { createLogger, MemorySnapshotStore } from '@foldbook/runtime';
import { Checkpointer } from './checkpointer.ts';
import type { OnPiece } from './dispatcher.ts';
import { MarketRegistry } from './market-registry.ts';

const PIECE_BYTES = 1_000;
const END = new Uint8Array(0);

function overAStoreThatTakesNothing() {
  const markets = new MarketRegistry(0);
  const market = markets.create('A');
  market.isCreated = true;
  market.sequence = 10;
  markets.add(market);
  const stuck = Promise.withResolvers<void>();
  let aborted = 0;
  let tidied = 0;
  const store = Object.assign(new MemorySnapshotStore(), {
    removeLeftovers: async () => {
      tidied += 1;
    },
    draft: async () => ({
      write: () => stuck.promise,
      finish: () => Promise.reject(new Error('nothing was written')),
      abort: async () => {
        aborted += 1;
      },
    }),
  });
  let nowNs = 0;
  const lines: string[] = [];
  const pieces: OnPiece[] = [];
  const output = { position: 0, settled: async () => undefined };
  const facts = {
    ...{ partition: 0, market: 'A', id: 1, firstLogSequence: 1, logSequence: 1, sequence: 10 },
    ...{ headBefore: new Uint8Array(32), head: new Uint8Array(32), settlementRecords: 0 },
    ...{ epochLogFirst: 0, counters: { commands: 0, trades: 0, deltas: 0, groups: 0 } },
    ...{ isCreated: true, openRecords: 0, nextTimerNs: 0n, terms: market.terms.save() },
    transfers: market.transfers.save(),
  };
  const checkpointer = new Checkpointer({
    ...{ partition: 0, markets, store, everyCommands: 1, mostWaitingBytes: 3 * PIECE_BYTES },
    dispatcher: { moving: undefined, snapshot: (_, onPiece) => void pieces.push(onPiece) },
    ...{ reports: output, diffs: output, outputsOf: () => ({ facts: () => facts }) },
    term: () => 1,
    logger: createLogger({ service: 'test', level: 'info', write: (line) => lines.push(line) }),
    timers: {
      nowNs: () => 0n,
      monotonicNs: () => nowNs,
      after: () => assert.fail('no timers'),
      every: () => assert.fail('no timers'),
      nextTurn: () => assert.fail('no timers'),
    },
  });
  checkpointer.doWork();
  checkpointer.begun(market);
  const [onPiece] = pieces;
  assert(onPiece !== undefined);
  const pass = (ms: number) => {
    nowNs += ms * 1e6;
    checkpointer.doWork();
  };
  const end = () => stuck.resolve();
  return { onPiece, pass, end, lines, pieces, aborted: () => aborted, tidied: () => tidied };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a checkpoint', () => {
  it('is given up when too much of it waits for the store', async () => {
    const { onPiece, end, lines, pass, pieces, aborted, tidied } = overAStoreThatTakesNothing();
    // What waits is packed: these are no smaller then.
    for (let piece = 0; piece < 5; piece += 1) onPiece(randomBytes(PIECE_BYTES));
    onPiece(END);
    end();
    await settle();
    assert.equal(aborted(), 1);
    assert.equal(tidied(), 1, 'what another owner left half written goes');
    assert.match(lines.join(''), /no checkpoint; .*the store is too slow for it/);
    pass(1);
    assert.equal(pieces.length, 1, 'the next one comes after as many commands');
  });

  it('that does not come on is told, once', async () => {
    const { onPiece, lines, pass } = overAStoreThatTakesNothing();
    onPiece(new Uint8Array(PIECE_BYTES));
    pass(59_000);
    assert.equal(lines.length, 0);
    for (let many = 0; many < 3; many += 1) pass(1_000);
    assert.equal(lines.length, 1);
    assert.match(lines.join(''), /no checkpoints until it does.*has taken nothing for 60 s/);
  });
});
