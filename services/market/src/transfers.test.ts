/** Transfers between market services on two partitions of a real broker. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { askBalance, askSupply, askVenueSupply, type OperatorClient } from '@foldbook/client';
import { Asset, MAX_AMOUNT, type MarketEvent, ResultCode } from '@foldbook/protocol';
import { MemorySnapshotStore } from '@foldbook/runtime';
import { type Owner, openVenue, type Venue } from './testing/venue.ts';

const BTC = 'BTC-USD';
const ETH = 'ETH-USD';
const USD = 'USD-EUR';
const ALICE = 7;
const BOB = 8;
const PATIENCE_MS = 30_000;

interface TwoPartitions {
  readonly venue: Venue;
  readonly btc: OperatorClient;
  readonly eth: OperatorClient;
  readonly payer: Owner;
  readonly payee: Owner;
}

/** BTC-USD on partition 0, ETH-USD and USD-EUR on 1; Alice has 1,000 USD in BTC-USD. */
async function twoPartitions(test: TestContext): Promise<TwoPartitions> {
  const venue = await openVenue(test, [[BTC], [ETH, USD]]);
  const payer = await venue.start(0);
  const payee = await venue.start(1);
  const btc = venue.operator(BTC);
  const eth = venue.operator(ETH);
  const created = { priceDecimals: 2, quantityDecimals: 3, quoteSymbol: 'USD' };
  await btc.createMarket(0, 0, { ...created, baseSymbol: 'BTC' });
  await eth.createMarket(0, 0, { ...created, baseSymbol: 'ETH' });
  await venue
    .operator(USD)
    .createMarket(0, 0, { baseSymbol: 'USD', quoteSymbol: 'EUR', quantityDecimals: 5 });
  await btc.deposit(ALICE, Asset.QUOTE, 1_000n);
  return { venue, btc, eth, payer, payee };
}

const pay = (operator: OperatorClient, amount: bigint, to = ETH, toAccount = ALICE) =>
  operator.transfer({ account: ALICE, asset: Asset.QUOTE, amount, to, toAccount });

function assertPaid(event: MarketEvent, amount: bigint): void {
  assert.equal(event.type, 'funds');
  assert.equal(event.amount, amount);
}

async function quoteOf(venue: Venue, market: string, account: number): Promise<bigint> {
  return (await askBalance(venue.transport, market, account)).quoteAvailable;
}

/** Asks again until it is so. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    assert(performance.now() < deadline, `not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Nothing is on its way any more. */
const settled = (venue: Venue, market = BTC) =>
  until(`${market} settles`, async () => {
    return (await askSupply(venue.transport, market)).unsettled === 0;
  });

async function assertAddsUp(venue: Venue, inFlight = 0n): Promise<void> {
  const { assets, faults, isStill } = await askVenueSupply(venue.transport, [BTC]);
  assert.deepEqual(faults, []);
  assert(isStill);
  const usd = assets.find(({ symbol }) => symbol === 'USD');
  assert.equal(usd?.inFlight, inFlight);
  assert.equal(usd?.supply, (usd?.funded ?? 0n) - inFlight);
}

describe('transfers between markets', { timeout: 240_000 }, () => {
  it('arrive once, in the other asset of the same name too', async (test) => {
    const { venue, btc } = await twoPartitions(test);
    assertPaid(await pay(btc, 100n), 100n);
    assertPaid(await pay(btc, 20n, ETH, BOB), 20n);
    assertPaid(await pay(btc, 3n, USD), 3n);
    await settled(venue);
    assert.equal(await quoteOf(venue, BTC, ALICE), 877n);
    assert.equal(await quoteOf(venue, ETH, ALICE), 100n);
    assert.equal(await quoteOf(venue, ETH, BOB), 20n);
    const there = await askBalance(venue.transport, USD, ALICE);
    assert.equal(there.baseAvailable, 3n, 'USD is the base asset there');
    await assertAddsUp(venue);
  });

  it('are refused before the log where they could not arrive', async (test) => {
    const { venue, btc, eth } = await twoPartitions(test);
    await btc.deposit(ALICE, Asset.BASE, 5n);
    const draft = { account: ALICE, asset: Asset.BASE, amount: 1n };
    await assert.rejects(btc.transfer({ ...draft, to: ETH }), /OTHER_ASSET ETH-USD does not have/);
    await assert.rejects(btc.transfer({ ...draft, to: 'NONE' }), /info\.NONE/);
    await assert.rejects(pay(btc, 1n, BTC), /NOT_PERMITTED/);
    assert.equal((await pay(btc, 1_001n)).type, 'rejected', 'more than there is');
    assert.equal((await pay(eth, 1n, BTC)).type, 'rejected', 'an account without anything');
    await settled(venue);
    await assertAddsUp(venue);
  });

  it('come back from a market that has no room for them', async (test) => {
    const { venue, btc, eth, payer } = await twoPartitions(test);
    await eth.deposit(BOB, Asset.QUOTE, MAX_AMOUNT);
    assertPaid(await pay(btc, 100n), 100n);
    await settled(venue);
    assert.equal(await quoteOf(venue, BTC, ALICE), 1_000n);
    assert.equal(await quoteOf(venue, ETH, ALICE), 0n);
    assert(payer.lines.some((line) => line.includes('comes back')));
    await assertAddsUp(venue);
    await eth.withdraw(BOB, Asset.QUOTE, 1_000n);
    assertPaid(await pay(btc, 100n), 100n);
    await settled(venue);
    assert.equal(await quoteOf(venue, ETH, ALICE), 100n, 'and the next one arrives');
    await assertAddsUp(venue);
  });

  it('arrive in a market that is halted', async (test) => {
    const { venue, btc, eth } = await twoPartitions(test);
    await eth.setState(1);
    await btc.setState(1);
    assertPaid(await pay(btc, 10n), 10n);
    await settled(venue);
    assert.equal(await quoteOf(venue, ETH, ALICE), 10n);
  });

  it('arrive when the payer dies before it sends them', async (test) => {
    const { venue, btc, payer } = await twoPartitions(test);
    payer.disturb((subject) => (subject.startsWith('adm.') ? 'lost' : 'none'));
    for (const amount of [1n, 2n, 3n]) assertPaid(await pay(btc, amount), amount);
    await assertAddsUp(venue, 6n);
    await payer.crash();
    await venue.start(0);
    await settled(venue);
    assert.equal(await quoteOf(venue, ETH, ALICE), 6n);
    await assertAddsUp(venue);
  });

  it('arrive once when the payer dies before it hears of it', async (test) => {
    const { venue, btc, payer } = await twoPartitions(test);
    payer.disturb(() => 'unanswered');
    const before = await askVenueSupply(venue.transport, [BTC]);
    assert.deepEqual(before.faults, []);
    payer.disturb((subject) => (subject === `info.${ETH}` ? 'none' : 'unanswered'));
    assertPaid(await pay(btc, 5n), 5n);
    await payer.crash();
    const again = await venue.start(0);
    again.disturb(() => 'twice');
    assertPaid(await pay(btc, 7n), 7n);
    await settled(venue);
    assert.equal(await quoteOf(venue, ETH, ALICE), 12n);
    await assertAddsUp(venue);
  });

  it('arrive once when the other market dies before it answers', async (test) => {
    const { venue, btc, payer, payee } = await twoPartitions(test);
    let isAnswered = true;
    payer.disturb((subject) => (!isAnswered && subject === `adm.${ETH}` ? 'unanswered' : 'none'));
    assertPaid(await pay(btc, 5n), 5n);
    await settled(venue);
    isAnswered = false;
    assertPaid(await pay(btc, 7n), 7n);
    await until('it arrives', async () => (await quoteOf(venue, ETH, ALICE)) === 12n);
    await payee.crash();
    assertPaid(await pay(btc, 9n), 9n);
    isAnswered = true;
    await venue.start(1);
    await settled(venue);
    assert.equal(await quoteOf(venue, ETH, ALICE), 21n);
    await assertAddsUp(venue);
  });

  it('come back once when the payer dies meanwhile', async (test) => {
    const { venue, btc, eth, payer } = await twoPartitions(test);
    await eth.deposit(BOB, Asset.QUOTE, MAX_AMOUNT);
    payer.disturb((subject) => (subject === `adm.${ETH}` ? 'unanswered' : 'none'));
    // It learns of the refusal by its question, or by the answer of its next life.
    assertPaid(await pay(btc, 100n), 100n);
    await payer.crash();
    const second = await venue.start(0);
    await settled(venue);
    assert.equal(await quoteOf(venue, BTC, ALICE), 1_000n);
    await second.crash();
    await venue.start(0);
    await settled(venue);
    assert.equal(await quoteOf(venue, BTC, ALICE), 1_000n, 'its log says that it came back');
    await assertAddsUp(venue);
  });

  it('go on from a checkpoint', async (test) => {
    const venue = await openVenue(test, [[BTC], [ETH]]);
    const snapshots = new MemorySnapshotStore();
    const first = await venue.start(0, { snapshots, everyCommands: 6 });
    await venue.start(1);
    const btc = venue.operator(BTC);
    const eth = venue.operator(ETH);
    const created = { priceDecimals: 2, quantityDecimals: 3, quoteSymbol: 'USD' };
    await btc.createMarket(0, 0, created);
    await eth.createMarket(0, 0, created);
    await btc.deposit(ALICE, Asset.QUOTE, 1_000n);
    await eth.deposit(ALICE, Asset.QUOTE, 50n);
    assertPaid(await pay(eth, 50n, BTC), 50n);
    await settled(venue, ETH);
    first.disturb((subject) => (subject === `adm.${ETH}` ? 'lost' : 'none'));
    for (const amount of [1n, 2n, 3n, 4n, 5n, 6n]) assertPaid(await pay(btc, amount), amount);
    await until('a checkpoint', async () =>
      first.lines.some((line) => line.includes('checkpoint written')),
    );
    assertPaid(await pay(btc, 7n), 7n);
    await first.crash();
    const second = await venue.start(0, { snapshots, everyCommands: 6 });
    assert(second.service.recovered.commands < 9, 'it did not read the whole log');
    await settled(venue);
    assert.equal(await quoteOf(venue, ETH, ALICE), 28n);
    await assertAddsUp(venue);
  });

  it('keep their sessions for themselves', async (test) => {
    const { venue } = await twoPartitions(test);
    const { OperatorClient: Operator } = await import('@foldbook/client');
    const stray = new Operator(venue.transport, ETH, 32_768);
    await assert.rejects(stray.deposit(ALICE, Asset.BASE, 1n), /NOT_PERMITTED/);
    assert.equal(ResultCode.OTHER_ASSET, 120);
  });
});
