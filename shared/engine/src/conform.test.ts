import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { buildKernel } from '../build.ts';
import { ConformError, conformFile } from './conform.ts';
import { createKernelEngine } from './kernel/kernel-engine.ts';
import { loadKernel } from './kernel/kernel-module.ts';
import { createNaiveEngine } from './naive/naive-engine.ts';

await buildKernel();
const kernel = await loadKernel();
const newKernel = () => createKernelEngine(kernel);

/** The published digests of the challenge, seed 23. */
const PUBLISHED = {
  normal: 'e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e',
  static: '9803843ee404fc29c9a0aa5614f8f0d5a58b5c44fcac9ef89067886fcaaa30d1',
  'flash-crash': 'cff8d3f94b709fc64a8b2058a6ca4fb6920364904796e46906895e362d2bb16b',
} as const;
type Scenario = keyof typeof PUBLISHED;

const besideRepository = join(import.meta.dirname, '../../../../shared/data');
const dataFolder = process.env.FOLDBOOK_DATA ?? besideRepository;

const runs: [Scenario, string, () => ReturnType<typeof newKernel>][] = [
  ['normal', 'kernel', newKernel],
  ['static', 'kernel', newKernel],
  ['flash-crash', 'kernel', newKernel],
  ['flash-crash', 'naive twin', createNaiveEngine],
];

for (const [scenario, name, makeEngine] of runs) {
  test(`the ${scenario} challenge gives the published reports on the ${name}`, (t) => {
    const file = join(dataFolder, 'orders', `orders_${scenario}_s23.bin.zst`);
    if (!existsSync(file)) {
      t.skip(`no ${file}: put the challenge's files there, or set FOLDBOOK_DATA`);
      return;
    }
    const { messages, sha256 } = conformFile(zstdDecompressSync(readFileSync(file)), makeEngine());
    assert.equal(messages, 1_996_097);
    assert.equal(sha256, PUBLISHED[scenario]);
  });
}

interface Message {
  readonly type: number;
  readonly id: number;
  readonly side?: number;
  readonly ioc?: number;
  readonly price?: number;
  readonly quantity?: number;
}

function messageFile(messages: readonly Message[]): Uint8Array {
  const bytes = new Uint8Array(16 + messages.length * 40);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, 0x4d4542575f303031n, true);
  view.setUint32(8, 1, true);
  view.setUint32(12, messages.length, true);
  messages.forEach(({ type, id, side = 0, ioc = 0, price = 0, quantity = 0 }, index) => {
    const at = 16 + index * 40;
    view.setUint8(at, type);
    view.setUint8(at + 1, side);
    view.setUint8(at + 2, ioc);
    view.setUint32(at + 4, quantity, true);
    view.setBigUint64(at + 8, BigInt(index), true);
    view.setBigUint64(at + 16, BigInt(id), true);
    view.setBigInt64(at + 24, BigInt(price), true);
  });
  return bytes;
}

test('every kind of report has its line', () => {
  const file = messageFile([
    { type: 0, id: 7, side: 1, price: 10, quantity: 5 },
    { type: 0, id: 8, side: 1, price: 12, quantity: 5 },
    { type: 0, id: 9, side: 0, price: 11, quantity: 6, ioc: 1 },
    { type: 1, id: 7 },
    { type: 2, id: 7, price: 3, quantity: 1 },
    { type: 0, id: 7, side: 0, price: 9, quantity: 2 },
    { type: 2, id: 8, price: 9, quantity: 3 },
    { type: 1, id: 8 },
  ]);
  // The digest of these lines, joined by "\n":
  // 0,0,1,7,10,5 / 0,1,1,8,12,5 / 0,2,0,9,11,6 / 1,2,10,5,7,9 / 2,2,0,9,11 / 4,3,7 / 5,4,7 /
  // 0,5,0,7,9,2 / 1,6,9,2,7,8 / 3,6,1,8,9,3 / 2,7,1,8,9
  const sha256 = '787ea3e486875c183e751b8e7cb463e24bd1a6925531d8123bfd24953a6502e0';
  for (const makeEngine of [newKernel, createNaiveEngine]) {
    assert.deepEqual(conformFile(file, makeEngine()), { messages: 8, reports: 11, sha256 });
  }
});

test('a file that is not what it should be is refused with the reason', () => {
  const good = messageFile([{ type: 0, id: 1, price: 1, quantity: 1 }]);
  const refused = (bytes: Uint8Array, message: RegExp) => {
    assert.throws(
      () => conformFile(bytes, newKernel()),
      (error) => {
        assert(error instanceof ConformError);
        assert.match(error.message, message);
        return true;
      },
    );
  };
  refused(good.subarray(0, 10), /no message file/);
  refused(good.subarray(0, 50), /56/);
  refused(
    Uint8Array.from(good, (byte, at) => (at === 8 ? 2 : byte)),
    /version 2/,
  );
  refused(
    Uint8Array.from(good, (byte, at) => (at === 16 ? 3 : byte)),
    /message 0: type 3/,
  );
  refused(messageFile([{ type: 0, id: 1, price: -1, quantity: 1 }]), /message 0: price -1/);
  refused(messageFile([{ type: 0, id: 1, price: 1, quantity: 0 }]), /message 0: quantity 0/);
  const twice = { type: 0, id: 1, price: 1, quantity: 1 };
  refused(messageFile([twice, twice]), /message 1 was refused: DUPLICATE_ORDER_ID/);
});
