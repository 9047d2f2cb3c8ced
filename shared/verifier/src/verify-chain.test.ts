import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from './assert.ts';
import { SourceError } from './epoch-source.ts';
import type { Level } from './level-claims.ts';
import { ChainBuilder } from './testing/chain-builder.ts';
import { memorySource } from './testing/memory-store.ts';
import { everyKind, record, trades } from './testing/records.ts';
import { type ChainAccepted, type ChainOptions, verifyChain } from './verify-chain.ts';

/** Three epochs: two account proofs, two batches, nothing at all. */
function honestChain(): ChainBuilder {
  const chain = new ChainBuilder();
  chain.addEpoch([
    ...everyKind,
    record.depositBase(700_000, 4),
    record.depositQuote(16_777_215, 9),
  ]);
  chain.addEpoch(trades(17));
  chain.addEpoch([]);
  return chain;
}

async function accept(chain: ChainBuilder, options: ChainOptions = {}): Promise<ChainAccepted> {
  const trustedKeys = chain.trustedKeys;
  const result = await verifyChain(memorySource(chain.files), { trustedKeys, ...options });
  assert(result.ok, result.ok ? '' : JSON.stringify(result.firstFailure));
  return result;
}

const honest = honestChain();

for (const level of ['settlement', 'data'] as const) {
  test(`an honest chain is accepted at level ${level}`, async () => {
    const result = await accept(honest, { level });
    assert.equal(result.market, 'BTC-USD');
    assert.equal(result.level, level);
    assert.equal(result.epochs, 3);
    assert.equal(result.proofs, 6);
    assert.equal(result.backend, 'groth16');
    assert.deepEqual(result.recordRange, { first: 0n, count: 26n });
    assert.deepEqual(result.seqRange, { first: 1n, last: honest.state.sequenceLast });
    assert.equal(BigInt(`0x${result.toRoot}`), honest.tree.root());
    assert(result.devKeys);
    // Under development keys the proofs alone show nothing.
    const isShown = result.shown.some((line) => line.startsWith('conservation'));
    assert.equal(isShown, level === 'data');
    assert(result.notShown.some((line) => line.includes('INSECURE development keys')));
    assert(result.notShown.some((line) => line.includes('compare the genesis hash')));
    assert.equal(
      result.notShown.some((line) => line.startsWith('what the records are')),
      level === 'settlement',
    );
  });
}

test('the default level is data as long as every records file is there', async () => {
  assert.equal((await accept(honest)).level, 'data');
  const chain = honestChain();
  chain.files.delete('epochs/00000001.fbr');
  const result = await accept(chain);
  assert.equal(result.level, 'settlement');
  assert(result.notShown.some((line) => line.includes('the records files are not all there')));
  assert.equal((await accept(chain, { to: 0 })).level, 'data');
});

test('the genesis that was asked for is accepted, in either case, and said so', async () => {
  const { genesisHash } = await accept(honest);
  const result = await accept(honest, { genesisHash: genesisHash.toUpperCase() });
  assert(!result.notShown.some((line) => line.includes('compare the genesis hash')));
});

test('a chain without an epoch has nothing to verify', async () => {
  const chain = new ChainBuilder();
  for (const level of ['settlement', 'data'] as const) {
    const options = { level, trustedKeys: chain.trustedKeys };
    const result = await verifyChain(memorySource(chain.files), options);
    assert(!result.ok);
    assert.equal(result.firstFailure.code, 'EPOCH_MISSING');
    assert.match(result.firstFailure.message, /^nothing to verify/);
    assert.equal(result.market, 'BTC-USD');
  }
});

test('an epoch whose records cancel out has no account proofs', async () => {
  const chain = new ChainBuilder();
  chain.addEpoch([record.depositBase(2, 5), record.withdrawBase(2, 5)]);
  assert.equal((await accept(chain)).proofs, 1);
});

test('circuits of other sizes', async () => {
  const chain = new ChainBuilder({ batchSize: 30, accountsSize: 16 });
  chain.addEpoch([...everyKind, ...trades(38)]);
  assert.equal((await accept(chain)).proofs, 3);
});

test("the next epoch's records may be there before the epoch", async () => {
  const chain = honestChain();
  chain.files.set('epochs/00000003.fbr', new Uint8Array(12));
  await accept(chain);
});

/** A chain whose first epoch has a proof that does not hold, and nothing else wrong. */
function chainWithBadProof(): ChainBuilder {
  const chain = new ChainBuilder();
  chain.addEpoch(everyKind, {
    epoch: (epoch) => {
      const [batch, ...others] = epoch.batches;
      assert(batch);
      const proof = at(honestProofs, 0);
      return { ...epoch, batches: [{ ...batch, proof }, ...others] };
    },
  });
  chain.addEpoch(trades(3));
  chain.addEpoch(trades(4));
  return chain;
}
const honestProofs = [honest.batchKey.prove([1n, 2n, 3n, 4n, 5n, 6n])];

test('a range checks the proofs in it, and everything else from genesis', async () => {
  const chain = chainWithBadProof();
  const whole = await verifyChain(memorySource(chain.files), { trustedKeys: chain.trustedKeys });
  assert(!whole.ok);
  assert.equal(whole.firstFailure.code, 'GROTH16_REFUSED');
  const later = await accept(chain, { from: 1, to: 1 });
  assert.equal(later.epochs, 1);
  assert.equal(later.proofs, 2);
  assert.deepEqual(later.recordRange, { first: 7n, count: 3n });
  assert.deepEqual(later.seqRange, { first: 48n, last: 90n });
  assert(later.notShown.some((line) => line.startsWith('the proofs of epochs 0 to 0')));
  assert(later.notShown.some((line) => line.startsWith('anything about epoch 2: not asked for')));
  chain.files.set('epochs/00000002.fbe', new Uint8Array(3));
  await accept(chain, { from: 1, to: 1 });
});

test('a range that the chain does not have is refused', async () => {
  for (const range of [{ from: 3 }, { to: 3 }, { from: 2, to: 1 }, { from: -1 }, { to: 0.5 }]) {
    const options = { ...range, trustedKeys: honest.trustedKeys };
    const result = await verifyChain(memorySource(honest.files), options);
    assert(!result.ok, JSON.stringify(range));
    assert.equal(result.firstFailure.code, 'EPOCH_MISSING');
  }
});

test('what a source throws is a refusal with its code', async () => {
  const source = memorySource(honest.files);
  const broken = (error: Error) => ({ ...source, epochFile: () => Promise.reject(error) });
  for (const [error, code] of [
    [new SourceError('STORE_FILE_SIZE', 'too large'), 'STORE_FILE_SIZE'],
    [new Error('the line is dead'), 'STORE_READ'],
  ] as const) {
    const result = await verifyChain(broken(error), { trustedKeys: honest.trustedKeys });
    assert(!result.ok);
    const { epoch, part, message } = result.firstFailure;
    assert.equal(result.firstFailure.code, code);
    assert.deepEqual(
      { epoch, part, message },
      { epoch: 0, part: 'epoch file', message: error.message },
    );
    assert.equal(result.market, 'BTC-USD');
  }
});

test('every level is checked by name', async () => {
  const levels: Level[] = ['settlement', 'data'];
  const results = await Promise.all(levels.map((level) => accept(honest, { level })));
  const [settlement, data] = results;
  assert(settlement && data);
  assert.equal(settlement.headHash, data.headHash);
  assert.equal(settlement.shown.length, 1);
  assert(data.shown.length > 5);
  const unknown = 'matching' as Level;
  await assert.rejects(accept(honest, { level: unknown }), /no level "matching"/);
  await assert.rejects(accept(honest, { level: 'replay' }), /comes with what executes the log/);
});
