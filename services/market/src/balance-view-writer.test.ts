import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MarketViewReader } from '@foldbook/client';
import {
  type CommandGroup,
  createNaiveEngine,
  type Engine,
  FLOW_ACCOUNTS,
  FLOW_CAPACITY,
  KernelHost,
  loadKernel,
  RandomFlow,
} from '@foldbook/engine';
import { Account, EventKind, EventOffset, RECORD_BYTES, viewOf } from '@foldbook/protocol';
import { MetricsReader } from '@foldbook/runtime';
import { SHOWN_ACCOUNTS } from './balance-view-writer.ts';
import { openMetrics, SHOWN_MARKETS, ThreadMetrics } from './market-metrics.ts';

const COMMANDS = 6_000;
const SEEDS = [1, 2, 3];
const TIME_NS = 1n;

function open() {
  const { buffer } = openMetrics(undefined, 2, 0);
  const reader = new MetricsReader(buffer);
  const [metrics, second] = [new ThreadMetrics(buffer, 0), new ThreadMetrics(buffer, 1)];
  return { metrics, second, views: new MarketViewReader(reader), reader };
}

/** One market after another, a group of each in turns. */
function* inTurns(flows: readonly Generator<CommandGroup>[]) {
  for (;;) {
    for (const [index, flow] of flows.entries()) {
      const { value, done } = flow.next();
      if (done === true) return;
      yield { index, group: value };
    }
  }
}

/** @returns accounts that are shown */
function compare(engine: Engine, market: number, views: MarketViewReader): number {
  let shown = 0;
  for (const account of [Account.SUPPLY, Account.FEES, ...FLOW_ACCOUNTS]) {
    const balance = engine.balance(account);
    const view = views.balance(market, account);
    if (view === undefined) {
      const amounts = Object.values(balance);
      assert.deepEqual(amounts, [0n, 0n, 0n, 0n], `account ${account} of ${market} isn't shown`);
      continue;
    }
    const { sequence, ...amounts } = view;
    assert.deepEqual(amounts, balance, `account ${account} of market ${market}`);
    assert(sequence <= engine.sequence);
    shown += 1;
  }
  return shown;
}

/** An engine that says it has had so many commands. */
function engineAt(sequence: number): Engine {
  return Object.defineProperty(createNaiveEngine(), 'sequence', { value: BigInt(sequence) });
}

/** A turn of a market on a host that changed one of its accounts. */
function change(
  metrics: ThreadMetrics,
  { market, account }: { readonly market: number; readonly account: number },
  engine = engineAt(1),
): void {
  const event = new Uint8Array(RECORD_BYTES);
  event[EventOffset.KIND] = EventKind.ACCEPTED;
  viewOf(event).setUint32(EventOffset.ACCOUNT, account, true);
  metrics.startTurn(market);
  metrics.count(event, 1);
  metrics.show(engine, 1, TIME_NS);
}

describe('balances that are shown', () => {
  it('are those of the engine after every group, whatever happens in it', async () => {
    const host = new KernelHost(await loadKernel());
    for (const seed of SEEDS) {
      const { metrics, views } = open();
      const engines = [host.addMarket(FLOW_CAPACITY), createNaiveEngine(FLOW_CAPACITY)];
      const flows = engines.map((_, index) => new RandomFlow(seed * 10 + index).groups(COMMANDS));
      let shown = 0;
      for (const { index, group } of inTurns(flows)) {
        const engine = engines[index];
        assert(engine !== undefined);
        metrics.startTurn(index + 1);
        engine.apply(group.records, group.count, group.timeNs, (block, count) =>
          metrics.count(block, count),
        );
        metrics.show(engine, 1, group.timeNs);
        shown = compare(engine, index + 1, views);
      }
      assert.equal(shown, 2 + FLOW_ACCOUNTS.length, `seed ${seed}: all of them come in`);
    }
  });

  it('are those of the first accounts, however many come', () => {
    const { metrics, views, reader } = open();
    const place = (market: number, account: number) => change(metrics, { market, account });
    const accounts = Array.from({ length: SHOWN_ACCOUNTS + 100 }, (_, index) => ({
      market: 1 + (index % 3),
      account: 2 + index * 7,
    }));
    for (const { market, account } of accounts) place(market, account);
    place(1, 2);
    assert.equal(reader.sample(0).numbers.get('shownAccounts'), SHOWN_ACCOUNTS);
    for (const [index, { market, account }] of accounts.entries()) {
      assert.equal(views.balance(market, account) !== undefined, index < SHOWN_ACCOUNTS);
      assert.equal(views.balance(market + 1, account), undefined, 'of another market');
    }
  });

  it('are never those of before a move that the new host has no place for', () => {
    const { metrics, second, views } = open();
    const [stays, moves] = [2, 1];
    const engine = engineAt(1);
    for (let account = 2; account < SHOWN_ACCOUNTS + 2; account += 1) {
      change(second, { market: stays, account }, engine);
    }
    change(metrics, { market: moves, account: 7 }, engineAt(3));
    change(metrics, { market: moves, account: 8 }, engineAt(4));
    const sequenceOf = (account: number) => views.balance(moves, account)?.sequence;
    assert.deepEqual([sequenceOf(7), sequenceOf(8)], [3n, 4n]);
    metrics.forget(moves);
    change(second, { market: moves, account: 7 }, engineAt(5));
    assert.equal(sequenceOf(7), undefined, 'what it had at 3 is not what it has');
    second.forget(moves);
    change(metrics, { market: moves, account: 7 }, engineAt(6));
    assert.equal(sequenceOf(7), 6n, 'it is back where it has a place');
    change(second, { market: stays, account: 2 }, engineAt(9));
    assert.equal(views.balance(stays, 2)?.sequence, 9n);
  });

  it('are the latest of any host while each had a place for them', () => {
    const { metrics, second, views } = open();
    change(metrics, { market: 1, account: 7 }, engineAt(3));
    change(metrics, { market: 1, account: 8 }, engineAt(4));
    metrics.forget(1);
    change(second, { market: 1, account: 7 }, engineAt(5));
    assert.equal(views.balance(1, 7)?.sequence, 5n);
    assert.equal(views.balance(1, 8)?.sequence, 4n, 'it did not change there');
    const notShown = SHOWN_MARKETS + 1;
    change(second, { market: notShown, account: 7 });
    assert.equal(views.balance(notShown, 7), undefined);
  });
});
