/** Messages that come twice, late and in another order, on their way to and from a real broker. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Dice } from '@foldbook/engine';
import { startNatsServer } from '@foldbook/runtime/testing';
import { DisturbedMarket } from './testing/disturbed-market.ts';
import { RepeatingLine } from './testing/repeating-line.ts';
import { until } from './testing/until.ts';

const LIMIT = { timeout: 120_000 };
const SEED = 5;
const ENOUGH = 150;

async function withLine(
  isMeant: (subject: string) => boolean,
  use: (
    line: RepeatingLine,
    start: (of: 'market' | 'traders') => Promise<DisturbedMarket>,
  ) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-twice-'));
  const nats = await startNatsServer({ syncInterval: 'always' });
  const line = await RepeatingLine.open(nats.port, new Dice(SEED), isMeant);
  const started: DisturbedMarket[] = [];
  try {
    await use(line, async (of) => {
      const lines = of === 'market' ? { marketUrl: line.url } : { clientUrl: line.url };
      const market = await DisturbedMarket.start({ dir, url: nats.url, ...lines });
      started.push(market);
      return market;
    });
  } finally {
    for (const market of started) await market.close();
    line.close();
    await nats.close();
    await rm(dir, { recursive: true, force: true });
  }
}

test('to and from traders: each order runs once, each event is told once, in order', LIMIT, () =>
  withLine(
    () => true,
    async (line, start) => {
      const market = await start('traders');
      await until(() => line.copies > ENOUGH && line.overtaken > ENOUGH);
      // The load holds what it is told of each order against the stream, and against each other.
      assert.deepEqual(await market.judge(), []);
    },
  ),
);

test('between the market and the broker: what is stored is stored once, in order', LIMIT, () =>
  withLine(
    (subject) => /^(in|cmd|log|rpt|diff)\./.test(subject),
    async (line, start) => {
      const market = await start('market');
      await until(() => line.copies > ENOUGH);
      assert.deepEqual(await market.judge(), []);
      assert.doesNotMatch(market.process.log(), / ERROR /);
    },
  ),
);
