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
import { openMetrics, ThreadMetrics } from './market-metrics.ts';

const COMMANDS = 6_000;
const SEEDS = [1, 2, 3];
const TIME_NS = 1n;

function open() {
  const { buffer } = openMetrics(undefined, 1, 0);
  const reader = new MetricsReader(buffer);
  return { metrics: new ThreadMetrics(buffer, 0), views: new MarketViewReader(reader), reader };
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
    const engine = createNaiveEngine();
    const event = new Uint8Array(RECORD_BYTES);
    event[EventOffset.KIND] = EventKind.ACCEPTED;
    const place = (market: number, account: number) => {
      viewOf(event).setUint32(EventOffset.ACCOUNT, account, true);
      metrics.startTurn(market);
      metrics.count(event, 1);
      metrics.show(engine, 1, TIME_NS);
    };
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
});
