/** Transfers through crashes of either owner and a network that loses, delays and doubles. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Dice } from '@foldbook/engine';
import { FUNDS, MARKETS, NOBODY, PAYER, TransferWorld } from './testing/transfer-world.ts';

const SEEDS = 40;
const TRANSFERS = 60;
/** Whose each transfer is: nobody gets two. */
const FIRST_ACCOUNT = 1_000;

interface Sent {
  readonly to: string;
  readonly account: number;
  readonly amount: bigint;
}

async function history(seed: number) {
  const dice = new Dice(seed);
  const world = new TransferWorld(dice);
  await world.open();
  const names = MARKETS.flat();
  const sent: Sent[] = [];
  while (sent.length < TRANSFERS) {
    if (dice.oneIn(3)) {
      const from = names[dice.below(names.length)] ?? 'A';
      const to = names.filter((name) => name !== from)[dice.below(names.length - 1)] ?? 'B';
      const account = dice.oneIn(8) ? NOBODY : FIRST_ACCOUNT + sent.length;
      const amount = BigInt(1 + dice.below(1_000));
      if (await world.transfer(from, to, account, amount)) sent.push({ to, account, amount });
    }
    await world.step(false);
  }
  let steps = 0;
  while (!world.isQuiet || steps < 200) {
    assert(steps < 20_000, `seed ${seed}: it does not come to rest`);
    await world.step(true);
    steps += 1;
  }
  return { world, sent };
}

describe('the transfer outbox', { timeout: 120_000 }, () => {
  it(`pays each transfer once through ${SEEDS} histories of crashes`, async () => {
    let crashes = 0;
    let lost = 0;
    let arrived = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { world, sent } = await history(seed);
      crashes += world.crashes;
      lost += world.lost;
      const engines = world.engines();
      const funded = [...engines.values()].map((engine) => engine.balance(0).quoteAvailable);
      const supply = funded.reduce((sum, amount) => sum + amount, 0n);
      assert.equal(supply, FUNDS * BigInt(MARKETS.flat().length), `seed ${seed}: supply`);
      let paid = 0n;
      for (const { to, account, amount } of sent) {
        if (account === NOBODY) continue;
        const { quoteAvailable = 0n } = engines.get(to)?.balance(account) ?? {};
        // One that was admitted and not in the log when its owner died never was.
        if (quoteAvailable === 0n) continue;
        assert.equal(quoteAvailable, amount, `seed ${seed}: account ${account} of ${to}`);
        arrived += 1;
        paid += amount;
      }
      const left = [...engines.values()].reduce(
        (sum, engine) => sum + engine.balance(PAYER).quoteAvailable,
        0n,
      );
      assert.equal(left + paid, supply, `seed ${seed}: what is not paid is where it was`);
      for (const name of MARKETS.flat()) {
        const { peers } = world.transfersOf(name).save();
        for (const { market: to, ...totals } of peers) {
          const there = world
            .transfersOf(to)
            .save()
            .peers.find(({ market }) => market === name);
          const owed = BigInt(totals.paid[1]) - BigInt(totals.returned[1]);
          assert.equal(`${owed}`, there?.arrived[1] ?? '0', `seed ${seed}: ${name} to ${to}`);
        }
      }
    }
    assert(
      crashes > SEEDS && lost > SEEDS && arrived > SEEDS * 20,
      `${crashes} ${lost} ${arrived}`,
    );
  });
});
