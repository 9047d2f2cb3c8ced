/** Bytes from anybody: every decoder answers with a value or a code, and never throws. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { decodeBatchHeader, encodeBatch, viewOf } from './batch.ts';
import { ResultCode } from './codes.ts';
import { encodeCommands } from './command.ts';
import type { Role } from './command-form.ts';
import { keysOf } from './command-map.ts';
import { readEvents } from './event-reader.ts';
import { BatchKind, CommandKind, EventKind, RECORD_BYTES } from './layout.ts';
import { MAX_COMMANDS_PER_MESSAGE, MAX_MESSAGE_BYTES } from './limits.ts';
import { decodeMessage } from './message.ts';
import { decodeCommandMap, encodeCommandMap } from './msgpack.ts';
import { COMMAND_NAMES } from './names.ts';
import { decodeReply, encodeRefusal, encodeReply } from './reply.ts';
import { type Decoded, refuse } from './result.ts';
import { readSettlement } from './settlement-record.ts';
import { records, type Sent, sent } from './testing/arbitraries.ts';

const KINDS = Object.values(BatchKind);

function checkRefusal(decoded: Decoded<unknown>): void {
  if (decoded.ok) return;
  assert.equal(decoded.code, ResultCode[decoded.name]);
  assert(decoded.code >= 100 && decoded.code < 200);
  assert(Number.isSafeInteger(decoded.offset) && decoded.offset >= 0);
  assert(decoded.detail.length > 0 && decoded.detail.length < 300, decoded.detail);
}

/** A batch that was let in passes the same checks again, and comes out the same. */
function checkBatch(bytes: Uint8Array, role: Role, account: number): boolean {
  const before = Buffer.from(bytes).toString('hex');
  const batch = decodeMessage(bytes, role, account);
  assert.equal(Buffer.from(bytes).toString('hex'), before, 'the input was changed');
  checkRefusal(batch);
  if (!batch.ok) return false;
  const { count, records: checked } = batch.value;
  assert(count >= 1 && count <= MAX_COMMANDS_PER_MESSAGE);
  assert.equal(checked.byteLength, count * RECORD_BYTES);
  const again = decodeMessage(encodeBatch({ kind: BatchKind.COMMANDS }, checked), role, account);
  assert(again.ok, again.ok ? '' : again.detail);
  assert.deepEqual(again.value.records, checked);
  return true;
}

function checkEverything(bytes: Uint8Array): void {
  checkBatch(bytes, 'client', 42);
  checkBatch(bytes, 'operator', 0);
  checkRefusal(decodeCommandMap(bytes, 'client', 42));
  const reply = decodeReply(bytes);
  checkRefusal(reply);
  if (reply.ok) assert(Number.isSafeInteger(reply.value.logSequence));
  for (const kind of KINDS) checkRefusal(decodeBatchHeader(bytes, kind, MAX_COMMANDS_PER_MESSAGE));
  readEvents(bytes);
  if (bytes.byteLength >= RECORD_BYTES) readSettlement(viewOf(bytes), 0);
}

const binaryOf = ({ commands }: Sent) => encodeCommands(commands);
const msgpackOf = ({ commands }: Sent) => encodeCommandMap(commands);

test('random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => checkEverything(bytes)),
    { numRuns: 500 },
  );
});

test('random records behind a header that fits them', () => {
  fc.assert(
    fc.property(records, fc.constantFrom(...KINDS), fc.nat(0xffff), (bytes, kind, flags) => {
      checkEverything(encodeBatch({ kind, flags }, bytes));
    }),
    { numRuns: 300 },
  );
});

test('a message cut anywhere is refused', () => {
  fc.assert(
    fc.property(sent, (message) => {
      for (const whole of [binaryOf(message), msgpackOf(message)]) {
        for (let length = 0; length < whole.byteLength; length += 1) {
          const cut = whole.subarray(0, length);
          assert(!checkBatch(cut, message.role, message.account), `let in at ${length} bytes`);
        }
      }
    }),
    { numRuns: 5 },
  );
});

test('a message with bytes behind it is refused', () => {
  const tail = fc.uint8Array({ minLength: 1, maxLength: 130 });
  fc.assert(
    fc.property(sent, tail, (message, excess) => {
      for (const whole of [binaryOf(message), msgpackOf(message)]) {
        const longer = Uint8Array.from([...whole, ...excess]);
        assert(!checkBatch(longer, message.role, message.account));
      }
    }),
  );
});

test('a message with any byte changed', () => {
  fc.assert(
    fc.property(sent, fc.nat(), fc.nat(255), (message, place, value) => {
      for (const whole of [binaryOf(message), msgpackOf(message)]) {
        whole[place % whole.byteLength] = value;
        checkBatch(whole, message.role, message.account);
        checkEverything(whole);
      }
    }),
    { numRuns: 500 },
  );
});

test('every bit of one message flipped, one after the other', () => {
  const order = {
    kind: CommandKind.NEW,
    session: 1,
    requestId: 2n,
    clientOrderId: 3n,
    side: 1,
    timeInForce: 4,
    price: 4n,
    quantity: 5n,
    flags: 3,
    expireTime: 6,
  } as const;
  for (const whole of [encodeCommands([order]), encodeCommandMap([order])]) {
    for (let bit = 0; bit < whole.byteLength * 8; bit += 1) {
      const flipped = Uint8Array.from(whole);
      flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      checkEverything(flipped);
    }
  }
});

const oddValue = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    0.5,
    2 ** 53,
    -1,
    -(2n ** 63n),
    2n ** 64n - 1n,
    '18446744073709551616',
    '-1',
    ' 1',
    '1e3',
    'constructor',
    'toString',
    [],
    {},
    [[[[[]]]]],
    { toString: 1, valueOf: 1 },
    { length: 2 ** 31 },
    new Date(0),
    new Uint8Array(3),
  ),
  fc.double(),
  fc.string({ maxLength: 80 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
);
const key = fc.constantFrom(
  ...new Set([
    ...['v', 'ack', 'type', 'session', 'requestId', 'commands', 'constructor', '7'],
    ...Object.values(CommandKind).flatMap(keysOf),
  ]),
);
const type = fc.constantFrom(...Object.keys(COMMAND_NAMES));

test('maps with odd values, keys too many and keys too few', () => {
  const fields = {
    ...{ v: 1, requestId: 1, clientOrderId: 2, side: 'buy', price: 3, quantity: 4 },
    ...{ account: 5, tier: 6, delta: -7, makerFeePpm: 8, takerFeePpm: 9, state: 'open' },
  };
  const odd = fc.dictionary(key, oddValue, { maxKeys: 3 });
  fc.assert(
    fc.property(
      type,
      odd,
      fc.subarray(Object.keys(fields)),
      fc.boolean(),
      (name, map, keys, inner) => {
        const kept = Object.fromEntries(
          Object.entries(fields).filter(([field]) => keys.includes(field)),
        );
        const command = { ...kept, type: name, ...map };
        const message = inner ? { v: 1, commands: [command] } : command;
        checkEverything(encode(message, { useBigInt64: true }));
      },
    ),
    { numRuns: 1_000 },
  );
});

/** `head` again and again, up to the size of the largest message. */
function filled(start: string, head: string): Uint8Array {
  const bytes = Buffer.alloc(MAX_MESSAGE_BYTES, head, 'hex');
  bytes.set(Buffer.from(start, 'hex'));
  return bytes;
}

test('lengths and depths that promise more than there is', () => {
  const v = '81a176';
  const hostile = [
    filled(v, '91'), // arrays in arrays
    filled(v, '81a161'), // maps in maps
    filled(v, 'dc0400'), // arrays of 1,024 in arrays of 1,024
    filled(v, 'de0010a161'),
    filled(v, 'ddffffffff'),
    filled(v, 'dfffffffff'),
    filled('df00000010', 'a161'),
    filled(`${v}db0003fff0`, '61'), // a string of the whole message
    filled('82a17601a8636f6d6d616e6473dc0400', '80'), // empty commands
    filled('82a17601a8636f6d6d616e6473dd0003ffff', 'c0'),
    filled('464201010000000000040000', '00'),
    filled('4642010100000000ffffffff', 'ff'),
    filled('', 'c1'),
    filled('', 'c9ffffffff'),
    filled('', 'c6ffffffff'),
  ];
  for (const bytes of hostile) {
    for (const role of ['client', 'operator'] as const) {
      const batch = decodeMessage(bytes, role, 42);
      assert(!batch.ok);
      checkRefusal(batch);
    }
    checkRefusal(decodeReply(bytes));
  }
});

test('replies cut or changed anywhere', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.nat(255), (bytes, place, value) => {
      const kinds = Uint8Array.from(bytes);
      for (let at = 0; at < kinds.byteLength; at += RECORD_BYTES) {
        kinds[at] = (kinds[at] ?? 0) % (EventKind.OPEN_ORDER + 2);
      }
      const refusal = refuse('BUSY', 0, 'market M');
      for (const encoding of ['binary', 'msgpack'] as const) {
        for (const whole of [encodeReply(encoding, 5, kinds), encodeRefusal(encoding, refusal)]) {
          const cut = decodeReply(whole.subarray(0, place % whole.byteLength));
          assert(!cut.ok);
          checkRefusal(cut);
          whole[place % whole.byteLength] = value;
          checkEverything(whole);
        }
      }
    }),
    { numRuns: 300 },
  );
});
