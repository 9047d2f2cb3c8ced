import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { MappedFileError, mapFile } from './mapped-file.ts';

const isLinux = process.platform === 'linux';

describe('mapped files', { skip: !isLinux && 'only Linux maps files here' }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-map-'));
  after(() => rmSync(dir, { recursive: true }));
  const path = (name: string) => join(dir, name);

  test('two mappings are one memory, and the file is its owner’s alone', () => {
    const first = mapFile(path('one'), 8_192, { create: true });
    const second = mapFile(path('one'), 0, { create: false });
    assert.equal(statSync(path('one')).mode & 0o777, 0o600);
    assert.equal(second.buffer.byteLength, 8_192);
    Atomics.store(new Int32Array(first.buffer), 2_047, 77);
    assert.equal(Atomics.load(new Int32Array(second.buffer), 2_047), 77);
    assert.equal(readFileSync(path('one')).readInt32LE(8_188), 77);
    first.close();
    first.close();
    assert.equal(first.buffer.byteLength, 0);
    assert.equal(Atomics.load(new Int32Array(second.buffer), 2_047), 77);
    second.close();
  });

  test('who only looks needs no permission to write, and sees what is written', () => {
    const writer = mapFile(path('look'), 4_096, { create: true });
    chmodSync(path('look'), 0o400);
    const reader = mapFile(path('look'), 0, { create: false, readOnly: true });
    Atomics.store(new Int32Array(writer.buffer), 9, 5);
    assert.equal(Atomics.load(new Int32Array(reader.buffer), 9), 5);
    reader.close();
    writer.close();
  });

  test('another process sees what is stored, as it is stored', () => {
    const { buffer, close } = mapFile(path('shared'), 4_096, { create: true });
    const words = new Int32Array(buffer);
    words[5] = 41;
    const module = new URL('./mapped-file.ts', import.meta.url).href;
    const script = `import { mapFile } from ${JSON.stringify(module)};
      const words = new Int32Array(mapFile(process.argv[1], 0, { create: false }).buffer);
      Atomics.add(words, 5, 1);`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script, path('shared')]);
    assert.equal(Atomics.load(words, 5), 42);
    close();
  });

  test('a new file takes the place of the old, which stays as it was for who has it', () => {
    const old = mapFile(path('again'), 4_096, { create: true });
    new Int32Array(old.buffer)[0] = 1;
    const fresh = mapFile(path('again'), 4_096, { create: true });
    assert.equal(new Int32Array(fresh.buffer)[0], 0);
    new Int32Array(fresh.buffer)[0] = 2;
    assert.equal(new Int32Array(old.buffer)[0], 1);
    old.close();
    fresh.close();
  });

  test('what cannot be mapped is refused by a code', () => {
    writeFileSync(path('short'), new Uint8Array(10));
    writeFileSync(path('empty'), '');
    symlinkSync(path('short'), path('link'));
    execFileSync('mkfifo', [path('pipe')]);
    const opening = (name: string, bytes: number) => () =>
      mapFile(path(name), bytes, { create: false });
    const isShort = (error: unknown) =>
      error instanceof MappedFileError && error.code === 'TOO_SHORT';
    assert.throws(opening('short', 11), isShort);
    assert.throws(opening('empty', 0), isShort);
    assert.throws(opening('missing', 0), { code: 'ENOENT' });
    assert.throws(opening('link', 0), { code: 'ELOOP' });
    assert.throws(opening('pipe', 0), { code: 'NOT_A_FILE' });
  });

  test('a file that there is no room for is refused, and leaves nothing behind', () => {
    const module = new URL('./mapped-file.ts', import.meta.url).href;
    const script = `import { mapFile } from ${JSON.stringify(module)};
      try {
        mapFile(process.argv[1], 2 ** 20, { create: true });
      } catch (error) {
        console.log(error.code);
      }`;
    // Blocks of 1 KiB.
    const limited = `ulimit -f 512 && exec "$0" --input-type=module -e "$1" "$2"`;
    const args = ['-c', limited, process.execPath, script, path('large')];
    assert.equal(execFileSync('sh', args, { encoding: 'utf8' }), 'EFBIG\n');
    assert.throws(() => statSync(path('large')), { code: 'ENOENT' });
  });
});
