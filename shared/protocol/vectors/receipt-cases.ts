/** Signed receipts: by the secret keys of 32 bytes 01 and of 32 bytes 02. */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { encodeReceipt, type ReceiptFields, ReceiptOffset, receiptMessage } from '../src/index.ts';
import { hexOf } from './json.ts';

/** PKCS #8 of an Ed25519 key, before its 32 bytes. */
const KEY_PREFIX = '302e020100300506032b657004220420';

const fill = (byte: number) => new Uint8Array(32).fill(byte);

const CASES: readonly (Omit<ReceiptFields, 'publicKey'> & { readonly secret: number })[] = [
  {
    secret: 1,
    market: 'BTC-USD',
    partition: 3,
    term: 1_700_000_000,
    logSequence: 2 ** 40 + 1,
    timeNs: 1_700_000_000_000_000_001n,
    first: 1_001,
    last: 1_010,
    ownFirst: 1_003,
    ownCount: 2,
    head: fill(0xa1),
    ownHash: fill(0xb2),
  },
  {
    secret: 2,
    market: 'A-MARKET-WITH-A-NAME-OF-32-CHARS',
    partition: 0,
    term: 1,
    logSequence: 2,
    timeNs: -1n,
    first: 1,
    last: 1,
    ownFirst: 1,
    ownCount: 1,
    head: fill(0),
    ownHash: fill(0xff),
  },
];

export function receiptVectors() {
  return CASES.map(({ secret, ...rest }) => {
    const der = Buffer.from(`${KEY_PREFIX}${hexOf(fill(secret))}`, 'hex');
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
    const fields = { ...rest, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) };
    const receipt = encodeReceipt(fields);
    receipt.set(sign(null, receiptMessage(receipt), key), ReceiptOffset.SIGNATURE);
    const shown = Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? hexOf(value) : String(value),
    ]);
    return { fields: Object.fromEntries(shown), receipt: hexOf(receipt) };
  });
}
