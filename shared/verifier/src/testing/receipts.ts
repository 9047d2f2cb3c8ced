import {
  certificateMessage,
  encodeCertificate,
  encodeReceipt,
  type Receipt,
  type ReceiptFields,
  receiptMessage,
} from '@foldbook/protocol/receipt';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { assert } from '../assert.ts';
import { CHAIN_START, type PlacedGroup, placeGroup, pointAfter } from '../log-group.ts';
import { checkReceipt } from '../receipt-check.ts';

const RECORD_BYTES = 64;

/** A receipt that this secret key signs, whatever it says. */
export function receiptOf(fields: Omit<ReceiptFields, 'publicKey'>, secret: Uint8Array): Receipt {
  const bytes = encodeReceipt({ ...fields, publicKey: ed25519.getPublicKey(secret) });
  bytes.set(ed25519.sign(receiptMessage(bytes), secret), 192);
  const checked = checkReceipt(bytes);
  assert(checked.ok, 'a receipt is signed by its key');
  return checked.receipt;
}

/** The operator's certificate of a node's public key. */
export function certificateOf(nodeKey: Uint8Array, operatorSecret: Uint8Array): Uint8Array {
  const operatorKey = ed25519.getPublicKey(operatorSecret);
  const bytes = encodeCertificate({ timeNs: 1n, nodeKey, operatorKey });
  bytes.set(ed25519.sign(certificateMessage(bytes), operatorSecret), 80);
  return bytes;
}

/** A group as it lies in a log: its commands are 64 times the bytes given, one each. */
export function logGroup(commands: readonly number[], timeNs: bigint): Uint8Array {
  const payload = new Uint8Array((1 + commands.length) * RECORD_BYTES);
  const view = new DataView(payload.buffer);
  payload.set([0x46, 0x42, 1, 2]);
  view.setUint32(4, 1, true);
  view.setUint32(8, commands.length, true);
  view.setBigInt64(24, timeNs, true);
  for (const [index, command] of commands.entries()) {
    payload.fill(command, (1 + index) * RECORD_BYTES, (2 + index) * RECORD_BYTES);
  }
  return payload;
}

/** A market's log, and true receipts of what is in it. */
export class TestLog {
  readonly groups: PlacedGroup[] = [];
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  append(commands: readonly number[]): this {
    const last = this.groups.at(-1);
    const point = last === undefined ? CHAIN_START : pointAfter(last);
    const payload = logGroup(commands, BigInt(this.groups.length + 1));
    const group = placeGroup(point, payload);
    assert(group !== undefined, 'a group was made');
    this.groups.push(group);
    return this;
  }

  /** Of the nth group, from 0, whose log sequence is 10 + 2n; `change` makes it say otherwise. */
  receipt(index: number, change: Partial<ReceiptFields> = {}): Receipt {
    const group = this.groups[index];
    assert(group !== undefined, 'the log has such a group');
    const { first, last, timeNs, head, payload } = group;
    const fields = {
      ...{ market: 'TEST', partition: 0, term: 5, logSequence: 10 + 2 * index },
      ...{ first, last, timeNs, head, ownFirst: first, ownCount: 1 },
      ownHash: sha256(payload.subarray(RECORD_BYTES, 2 * RECORD_BYTES)),
    };
    return receiptOf({ ...fields, ...change }, this.#secret);
  }
}
