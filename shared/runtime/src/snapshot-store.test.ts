import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { DiskSnapshotStore } from './disk-snapshot-store.ts';
import { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { MirroredSnapshotStore } from './mirrored-snapshot-store.ts';
import { ownIdentity } from './process-identity.ts';
import { SnapshotError, type SnapshotStore, writeSnapshot } from './snapshot-store.ts';
import {
  codeOf,
  collect,
  contentOf,
  put,
  snapshotConformance,
} from './testing/snapshot-conformance.ts';

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const temporaryDir = () => mkdtempSync(join(tmpdir(), 'foldbook-snapshots-'));

function newDir(): string {
  const dir = temporaryDir();
  dirs.push(dir);
  return dir;
}

snapshotConformance('memory', async () => ({
  store: new MemorySnapshotStore(),
  close: async () => {},
}));

snapshotConformance('disk', async () => {
  const dir = temporaryDir();
  return {
    store: await DiskSnapshotStore.open(join(dir, 'deep', 'snapshots')),
    close: async () => rmSync(dir, { recursive: true }),
  };
});

snapshotConformance('disk and memory at once', async () => {
  const dir = temporaryDir();
  const places = [await DiskSnapshotStore.open(dir), new MemorySnapshotStore()];
  const fail = (text: string) => assert.fail(text);
  return {
    store: new MirroredSnapshotStore(places, fail),
    close: async () => rmSync(dir, { recursive: true }),
  };
});

test('a torn file is listed as one, and refused, wherever it was cut off', async () => {
  const dir = newDir();
  const store = await DiskSnapshotStore.open(dir);
  await put(store, 'BTC.1', 'some content');
  const path = join(dir, 'BTC.1.snapshot');
  const whole = readFileSync(path);
  for (let size = 0; size < whole.byteLength; size += 1) {
    writeFileSync(path, whole.subarray(0, size));
    assert.deepEqual(
      (await store.list('')).map(({ isWhole }) => isWhole),
      [false],
    );
    await assert.rejects(collect(store.read('BTC.1')), codeOf('DAMAGED'));
  }
});

test('a changed bit anywhere is refused at the latest at the end', async () => {
  const dir = newDir();
  const store = await DiskSnapshotStore.open(dir);
  await put(store, 'BTC.1', 'some content');
  const path = join(dir, 'BTC.1.snapshot');
  const whole = readFileSync(path);
  for (let at = 0; at < whole.byteLength; at += 1) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, changed);
    await assert.rejects(collect(store.read('BTC.1')), codeOf('DAMAGED'), `byte ${at}`);
  }
});

test('foreign files are no snapshots; half written ones of the dead are removed', async () => {
  const dir = newDir();
  const dead = fork(new URL('./testing/exit-process.ts', import.meta.url));
  await once(dead, 'exit');
  const { pid, started } = ownIdentity();
  const half = [`A.1.snapshot.${dead.pid}-1-1.tmp`, `A.1.snapshot.${pid}-${started}-1.tmp`];
  for (const name of [...half, 'notes.txt', 'B.snapshot']) writeFileSync(join(dir, name), 'x');
  const store = await DiskSnapshotStore.open(dir);
  assert.deepEqual(readdirSync(dir).sort(), [half[1], 'B.snapshot', 'notes.txt'].sort());
  assert.deepEqual(await store.list(''), [{ name: 'B', sizeBytes: 0, sha256: '', isWhole: false }]);
  await assert.rejects(collect(store.read('B')), codeOf('DAMAGED'));
});

test('a draft that is under way is a file that has no name yet', async () => {
  const dir = newDir();
  const store = await DiskSnapshotStore.open(dir);
  const draft = await writeSnapshot(store, 'A', contentOf(10_000));
  assert(readdirSync(dir).every((name) => name.endsWith('.tmp')));
  await DiskSnapshotStore.open(dir);
  await draft.finish();
  assert.deepEqual(readdirSync(dir), ['A.snapshot']);
  const aborted = await writeSnapshot(store, 'B', contentOf(10_000));
  await aborted.abort();
  await aborted.abort();
  assert.deepEqual(readdirSync(dir), ['A.snapshot']);
  rmSync(dir, { recursive: true });
  await assert.rejects(store.draft('C'), codeOf('IO_FAILED'));
});

/** A place that fails in what it is told to. */
function failing(inner: SnapshotStore, what: 'draft' | 'write' | 'finish' | 'read'): SnapshotStore {
  const fail = async () => {
    throw new SnapshotError('UNAVAILABLE', `no ${what}`);
  };
  return {
    description: `failing ${what}`,
    draft: async (name) => {
      if (what === 'draft') await fail();
      const draft = await inner.draft(name);
      return {
        write: what === 'write' ? fail : (chunk) => draft.write(chunk),
        finish: what === 'finish' ? fail : () => draft.finish(),
        abort: () => draft.abort(),
      };
    },
    list: (prefix) => (what === 'read' ? fail() : inner.list(prefix)),
    read: (name) => inner.read(name),
    remove: (name) => (what === 'read' ? fail() : inner.remove(name)),
  };
}

test('one place that fails is told, and the other serves', async () => {
  for (const what of ['draft', 'write', 'finish', 'read'] as const) {
    const notices: string[] = [];
    const broken = failing(new MemorySnapshotStore(), what);
    for (const places of [
      [broken, new MemorySnapshotStore()],
      [new MemorySnapshotStore(), broken],
    ]) {
      notices.length = 0;
      const store = new MirroredSnapshotStore(places, (text) => notices.push(text));
      await put(store, 'A', 'content');
      assert.equal((await collect(store.read('A'))).toString(), 'content');
      assert.deepEqual(
        (await store.list('')).map(({ name, isWhole }) => [name, isWhole]),
        [['A', true]],
      );
      assert.deepEqual(notices, [`no ${what}`]);
      if (what === 'read') await assert.rejects(store.remove('A'), codeOf('UNAVAILABLE'));
    }
    const none = new MirroredSnapshotStore([broken, broken], () => {});
    if (what !== 'read') await assert.rejects(put(none, 'A', 'x'), codeOf('UNAVAILABLE'));
  }
});

test('a damaged copy is not handed out while another is whole', async () => {
  const dir = newDir();
  const disk = await DiskSnapshotStore.open(dir);
  const memory = new MemorySnapshotStore();
  const notices: string[] = [];
  const store = new MirroredSnapshotStore([disk, memory], (text) => notices.push(text));
  await (await writeSnapshot(store, 'A', contentOf(600_000))).finish();
  const path = join(dir, 'A.snapshot');
  const file = readFileSync(path);
  file[500_000] = 1 ^ (file[500_000] ?? 0);
  writeFileSync(path, file);
  const content = await collect(store.read('A'));
  assert.deepEqual(content, Buffer.concat([...contentOf(600_000)]));
  assert.match(notices.join(), /^A in the folder .* is damaged: its content is not what was/);
  await memory.remove('A');
  await assert.rejects(collect(store.read('A')), codeOf('DAMAGED'));
  writeFileSync(path, 'torn');
  await put(memory, 'A', 'whole');
  assert.deepEqual(
    (await store.list('')).map(({ isWhole }) => isWhole),
    [true],
  );
});
