import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import { plainRoot } from './plain-tree.ts';

const keyed = (name: string, ...parts: readonly Uint8Array[]): Uint8Array =>
  blake3(Buffer.concat(parts), { key: blake3(Buffer.from(`foldbook/stark/${name}/v1`)) });

test('the plain tree is that of the specification', () => {
  const ids = Uint32Array.of(0, 1, 5, 6, 2 ** 24 - 1);
  const balances = (first: bigint) => BigUint64Array.from(ids, (id) => first + BigInt(id));
  const [base, quote] = [balances(2n ** 62n), balances(3n)];
  const leaves = Array.from(ids, (id, row) => {
    const bytes = Buffer.alloc(20);
    bytes.writeUInt32LE(id);
    bytes.writeBigUInt64LE(base[row] ?? 0n, 4);
    bytes.writeBigUInt64LE(quote[row] ?? 0n, 12);
    return keyed('account-row', bytes);
  });
  const rootOf = (count: number): Uint8Array => {
    let level = leaves.slice(0, count);
    while (level.length > 1) {
      level = level.flatMap((left, index) => {
        if (index % 2 === 1) return [];
        const right = level[index + 1];
        return [right === undefined ? left : keyed('account-node', left, right)];
      });
    }
    return keyed('account-root', Uint8Array.of(count, 0, 0, 0), ...level);
  };
  for (let count = 2; count <= ids.length; count++) {
    const rows = [ids.slice(0, count), base.slice(0, count), quote.slice(0, count)] as const;
    assert.deepEqual(plainRoot({ ids: rows[0], base: rows[1], quote: rows[2] }), rootOf(count));
  }
});
