// SPDX-License-Identifier: GPL-3.0-or-later
/** Lives of a prover around a change of its operator's key. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { createLogger } from '@foldbook/runtime';
import {
  bytesToHex,
  checkAccountProof,
  encodeKeyChanges,
  genesisHash,
  KEY_CHANGES_FILE,
  type KeyChange,
  signKeyChange,
  verifyChain,
} from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { InProcessQueue } from './in-process-queue.ts';
import { queueTurns } from './job-turns.ts';
import { MarketProver } from './market-prover.ts';
import { loadOperatorKey } from './operator-key.ts';
import { DiffScript, depositBase } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { TrapdoorMaker, trapdoorCircuits, trustedKeys } from './testing/trapdoor-circuits.ts';

const MARKET = 'TEST-USD';
const EPOCHS = 4;
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-key-change-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const storeFile = (...names: string[]) => join(dir, 'proofs', MARKET, ...names);
const key = (name: string) => loadOperatorKey(join(dir, `${name}.key`));

/** A life that ends with so many epochs in the store; gives what account 2 is owed then. */
async function live(keyName: string, epochs: number, maker = new TrapdoorMaker()) {
  const script = new DiffScript(7).create(-100, 300);
  const stream = new MemoryStream();
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) {
    stream.append(`diff.0.${MARKET}`, script.move(depositBase(2, 10n)).closeEpoch());
  }
  const queue = new InProcessQueue(maker);
  const prover = new MarketProver({
    ...{ market: MARKET, reader: stream, queue, turns: queueTurns(queue) },
    circuits: trapdoorCircuits,
    operator: await key(keyName),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error' }),
    onPublished: () => undefined,
    onProved: () => undefined,
    maxEpochs: epochs,
  });
  const ending = new AbortController();
  try {
    await prover.run(ending.signal);
  } finally {
    ending.abort();
    await queue.close();
    await prover.published();
  }
  return checkAccountProof(prover.accountProof(2) ?? new Uint8Array());
}

/** Puts a list into the store: from these epochs on, to these keys. */
async function changeKeys(...steps: readonly (readonly [bigint, string])[]): Promise<void> {
  const chainId = genesisHash(new Uint8Array(await readFile(storeFile('genesis.fbg'))));
  const changes: KeyChange[] = [];
  let before = await key('first');
  for (const [firstEpoch, name] of steps) {
    const next = await key(name);
    changes.push(signKeyChange({ chainId, firstEpoch }, before.secretKey, next.secretKey));
    before = next;
  }
  await writeFile(storeFile(KEY_CHANGES_FILE), encodeKeyChanges(changes));
}

const verify = () => {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  return verifyChain(source, { level: 'data', trustedKeys });
};

const keptEpochs = async () =>
  (await readdir(storeFile('epochs'))).filter((name) => name.endsWith('.fbe')).length;

test('a second life goes on with the key that the first was changed to', async () => {
  await live('first', 2);
  const { publicKey } = await key('second');
  const [theirs, own] = [(await key('first')).publicKey, publicKey].map(bytesToHex);
  await assert.rejects(live('second', 3), {
    code: 'STORE_CONFLICT',
    message: new RegExp(
      "another operator key than this prover's, and no change to that one: it has " +
        `${theirs}, this prover ${own}; .*operatorKeyFile`,
    ),
  });
  await changeKeys([2n, 'second']);
  await assert.rejects(live('first', 3), {
    code: 'KEY_CHANGED',
    message: new RegExp(`epoch 2 is to be signed by ${bytesToHex(publicKey)}.*operatorKeyFile`),
  });
  assert.equal(await keptEpochs(), 2);
  const owed = await live('second', 3);
  assert(owed.ok, inspect(owed));
  assert.equal(owed.operatorKey, bytesToHex(publicKey));
  const result = await verify();
  assert(result.ok, inspect(result));
  assert.deepEqual(
    result.operatorKeys.map(({ firstEpoch, key }) => [firstEpoch, key]),
    [
      [0n, bytesToHex((await key('first')).publicKey)],
      [2n, bytesToHex(publicKey)],
    ],
  );
  assert.equal(result.headHash, owed.headHash);
});

test('each key signs its own epochs alone, though the change was made ahead', async () => {
  await live('first', 1);
  await changeKeys([3n, 'second']);
  await assert.rejects(live('second', 4), { code: 'KEY_CHANGED', message: /epoch 1 is to be/ });
  await assert.rejects(live('first', 4), { code: 'KEY_CHANGED', message: /epoch 3 is to be/ });
  assert.equal(await keptEpochs(), 3);
  const before = await live('first', 3).catch((error: unknown) => error);
  assert(!(before instanceof Error), inspect(before));
  await live('second', 4);
  const result = await verify();
  assert(result.ok && result.epochs === 4, inspect(result));
});

test('an epoch that was signed before a change came is not kept under the new key', async () => {
  await live('first', 1);
  const maker = new TrapdoorMaker();
  const make = maker.make.bind(maker);
  maker.make = async (job) => {
    await changeKeys([1n, 'second']);
    return make(job);
  };
  await assert.rejects(live('first', 2, maker), { code: 'KEY_CHANGED' });
  assert.equal(await keptEpochs(), 1);
  await live('second', 2);
  assert((await verify()).ok);
});

test('a list that is damaged, or of another chain, stops the market', async () => {
  await live('first', 1);
  await changeKeys([1n, 'second']);
  const list = await readFile(storeFile(KEY_CHANGES_FILE));
  const damaged = new Uint8Array(list).with(20, (list[20] ?? 0) ^ 1);
  for (const [bytes, message] of [
    [damaged, /operator-keys\.fbk: KEY_CHANGE/],
    [new Uint8Array(list).subarray(1), /operator-keys\.fbk: KEY_CHANGES_FORMAT/],
  ] as const) {
    await writeFile(storeFile(KEY_CHANGES_FILE), bytes);
    for (const name of ['first', 'second']) {
      await assert.rejects(live(name, 2), { code: 'STORE_CORRUPT', message });
    }
  }
});
