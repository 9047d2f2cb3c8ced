/** What every snapshot store has to do, run on each of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  checkSnapshot,
  SnapshotError,
  type SnapshotStore,
  writeSnapshot,
} from '../snapshot-store.ts';

export interface SnapshotFixture {
  readonly store: SnapshotStore;
  close(): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** Content of some size that repeats nowhere soon, in uneven chunks. */
export function* contentOf(sizeBytes: number, seed = 1): Generator<Uint8Array> {
  for (let at = 0; at < sizeBytes; ) {
    const chunk = new Uint8Array(Math.min(sizeBytes - at, 1 + ((at * 7 + seed * 13) % 90_001)));
    for (let index = 0; index < chunk.byteLength; index += 1) {
      chunk[index] = ((at + index) * 31 + ((at + index) >> 8) + seed) & 0xff;
    }
    at += chunk.byteLength;
    yield chunk;
  }
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk.slice());
  return Buffer.concat(collected);
}

export const codeOf = (code: string) => (error: unknown) => {
  assert(error instanceof SnapshotError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

export async function put(store: SnapshotStore, name: string, content: string): Promise<void> {
  await (await writeSnapshot(store, name, [bytes(content)])).finish();
}

export function snapshotConformance(name: string, open: () => Promise<SnapshotFixture>): void {
  describe(`snapshot conformance: ${name}`, { timeout: 60_000 }, () => {
    let fixture: SnapshotFixture;
    let store: SnapshotStore;
    before(async () => {
      fixture = await open();
      store = fixture.store;
    });
    after(() => fixture?.close());

    test('what was written is read, of every size, and listed with its seal', async () => {
      for (const sizeBytes of [0, 1, 131_072, 1_000_003]) {
        const content = Buffer.concat([...contentOf(sizeBytes)]);
        const draft = await writeSnapshot(store, `size.${sizeBytes}`, contentOf(sizeBytes));
        const info = await draft.finish();
        const sha256 = createHash('sha256').update(content).digest('hex');
        assert.deepEqual(info, { name: `size.${sizeBytes}`, sizeBytes, sha256, isWhole: true });
        assert.deepEqual(await collect(store.read(info.name)), content);
        await checkSnapshot(store, info.name);
        assert.deepEqual(await store.list(info.name), [info]);
      }
      const names = (await store.list('size.')).map((info) => info.name);
      assert.deepEqual(names, ['size.0', 'size.1', 'size.1000003', 'size.131072']);
      assert.deepEqual(await store.list('none.'), []);
    });

    test('a draft has no name before it is finished, and none when it is aborted', async () => {
      const draft = await store.draft('draft.1');
      const chunk = bytes('first');
      await draft.write(chunk);
      chunk.fill(0);
      await draft.write(bytes(' and second'));
      assert.deepEqual(await store.list('draft.'), []);
      await assert.rejects(collect(store.read('draft.1')), codeOf('NO_SNAPSHOT'));
      await draft.finish();
      assert.equal((await collect(store.read('draft.1'))).toString(), 'first and second');
      const aborted = await writeSnapshot(store, 'draft.2', contentOf(300_000));
      await aborted.abort();
      assert.deepEqual(
        (await store.list('draft.')).map((info) => info.name),
        ['draft.1'],
      );
    });

    test('a source that fails leaves nothing', async () => {
      async function* broken() {
        yield bytes('some');
        throw new Error('no more');
      }
      await assert.rejects(writeSnapshot(store, 'broken', broken()), /no more/);
      assert.deepEqual(await store.list('broken'), []);
    });

    test('a later one takes the place of a former of its name', async () => {
      await put(store, 'again', 'former');
      const draft = await writeSnapshot(store, 'again', contentOf(200_000));
      assert.equal((await collect(store.read('again'))).toString(), 'former');
      await draft.finish();
      assert.equal((await collect(store.read('again'))).byteLength, 200_000);
      assert.equal((await store.list('again')).length, 1);
    });

    test('two drafts at a time do not mix', async () => {
      const drafts = await Promise.all(['mix.a', 'mix.b'].map((each) => store.draft(each)));
      for (let round = 0; round < 20; round += 1) {
        await Promise.all(drafts.map((draft, i) => draft.write(bytes(`${i}`.repeat(30_000)))));
      }
      await Promise.all(drafts.map((draft) => draft.finish()));
      for (const [i, each] of ['mix.a', 'mix.b'].entries()) {
        const content = await collect(store.read(each));
        assert.equal(content.toString(), `${i}`.repeat(600_000));
      }
    });

    test('removing, again too; a reading that was broken off', async () => {
      await (await writeSnapshot(store, 'gone', contentOf(400_000))).finish();
      for await (const chunk of store.read('gone')) {
        assert(chunk.byteLength > 0);
        break;
      }
      await store.remove('gone');
      await store.remove('gone');
      assert.deepEqual(await store.list('gone'), []);
      await assert.rejects(collect(store.read('gone')), codeOf('NO_SNAPSHOT'));
      await put(store, 'gone', 'back');
      assert.equal((await collect(store.read('gone'))).toString(), 'back');
    });

    test('names that are no names', async () => {
      for (const bad of ['', '.hidden', '../up', 'a/b', 'a b', 'a*', 'a'.repeat(201)]) {
        await assert.rejects(store.draft(bad), codeOf('BAD_NAME'), bad);
      }
    });
  });
}
