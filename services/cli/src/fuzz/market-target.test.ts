/** Defects that are put into a decoder, each of which has to be noticed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createLobsterDecoder,
  DecodeError,
  type DecodingOptions,
  loadHistoryModule,
  type MarketDecoder,
} from '@foldbook/history';
import { failureIn, WHOLE } from './fuzz-target.ts';
import { marketTarget } from './market-target.ts';
import { KernelMemory, type MeteredKernel } from './metered-kernel.ts';

const memory = new KernelMemory(await loadHistoryModule());
const LINES = Buffer.from('1,1,7,4,100,1\n2,1,8,4,101,-1\n'.concat('3,4,7,1,100,1\n'.repeat(8)));

interface Planted {
  readonly right: MarketDecoder;
  readonly kernel: MeteredKernel;
  readonly options: DecodingOptions;
}
/** What a decoder does wrong; the rest of it is right. */
type Defect = (planted: Planted) => Partial<MarketDecoder>;

function targetWith(defect: Defect) {
  const make = (kernel: MeteredKernel, options: DecodingOptions): MarketDecoder => {
    const right = createLobsterDecoder(kernel, options);
    const wrong = defect({ right, kernel, options });
    return new Proxy<MarketDecoder>(right, {
      get(_, name) {
        const of = Object.hasOwn(wrong, name) ? wrong : right;
        const value: unknown = Reflect.get(of, name);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    });
  };
  const sizes = { inputBytes: [1_200], blockEvents: [4] };
  return marketTarget(memory, { make, isText: true, words: [], ...sizes });
}

const refuse = (offset: number) => {
  throw new DecodeError('BAD_FIELD', offset, 'a plant');
};

const DEFECTS: Readonly<Record<string, Defect>> = {
  offset: () => ({ push: () => refuse(9_999) }),
  'another error': () => {
    let offset = 0;
    return {
      push() {
        offset += 1;
        refuse(offset);
      },
    };
  },
  memory: ({ right, kernel }) => ({
    push(bytes, onBlock) {
      kernel.reserve(1 << 20);
      right.push(bytes, onBlock);
    },
  }),
  'no progress': ({ kernel }) => ({
    push() {
      // Its record is all zeros: nothing to read, and nothing to write to.
      const { address } = kernel.reserve(4_096);
      for (;;) kernel.exports.stepLobster(address);
    },
  }),
  'no such event': () => ({ instrumentCount: 0 }),
  faults: () => ({ faults: 1n }),
  units: () => ({ units: 9_999n }),
  'events changed by a cut': ({ right }) => ({
    push: (bytes, onBlock) =>
      right.push(bytes, (block) => {
        if (bytes.length === LINES.length) onBlock(block);
      }),
  }),
  'counts changed by a cut': ({ right }) => {
    let pushes = 0n;
    return {
      get skipped() {
        return pushes;
      },
      push(bytes, onBlock) {
        pushes += 1n;
        right.push(bytes, onBlock);
      },
    };
  },
  'lenient lost events': ({ right, options }) => ({
    push: (bytes, onBlock) => right.push(bytes, options.lenient === true ? () => {} : onBlock),
  }),
  'TypeError: no such thing as N': () => ({
    push() {
      throw new TypeError('no such thing as 7');
    },
  }),
};

test('a right decoder passes', async () => {
  assert.equal(await targetWith(() => ({})).check(LINES), WHOLE);
});

for (const [kind, defect] of Object.entries(DEFECTS)) {
  test(`noticed: ${kind}`, async () => {
    assert.equal((await failureIn(targetWith(defect), LINES))?.kind, kind);
  });
}

test('each kernel in the same memory is as the first', async () => {
  const kernel = memory.next();
  const room = kernel.reserve(1 << 20);
  room.bytes.fill(0xff);
  const used = kernel.usedBytes;
  const again = memory.next();
  assert.ok(again.usedBytes < used);
  const { address, bytes } = again.reserve(1 << 20);
  assert.equal(address, room.address);
  assert.ok(bytes.every((byte) => byte === 0));
});
