import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { dataFile } from '../../test/data.ts';
import { decodeWith } from '../../test/decoding.ts';
import { temporaryFolder } from '../../test/folder.ts';
import { type ZipPart, zipFile } from '../../test/zip-file.ts';
import { createDbnDecoder } from '../dbn-decoder.ts';
import { unpackGzip } from './gzip.ts';
import { InputError } from './input-error.ts';
import { InputFile, type InputOptions, listMembers } from './input-file.ts';
import { unpackZstd } from './unpack.ts';

const isLinux = process.platform === 'linux';
const folder = temporaryFolder();

interface Read {
  readonly content: Buffer;
  readonly error: string | undefined;
  readonly most: number;
}

/** All that comes, and how it ends. */
async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Read> {
  const parts: Uint8Array[] = [];
  let most = 0;
  let error: string | undefined;
  try {
    for await (const chunk of chunks) {
      parts.push(chunk.slice());
      most = Math.max(most, chunk.length);
    }
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    error = thrown.code;
  }
  return { content: Buffer.concat(parts), error, most };
}

async function readFile(path: string, options?: InputOptions): Promise<Read> {
  const file = await InputFile.open(path, options);
  try {
    return await readAll(file.chunks());
  } finally {
    await file.close();
  }
}

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  // The piece is used again, as a file's chunks are.
  const piece = new Uint8Array(length);
  for (let at = 0; at < bytes.length; at += length) {
    const part = bytes.subarray(at, at + length);
    piece.set(part);
    yield piece.subarray(0, part.length);
  }
}

/** Some of it packs well, some does not. */
const content = Buffer.concat([Buffer.alloc(300_000, 'ab'), randomBytes(200_000), Buffer.alloc(9)]);

describe('plain files', () => {
  test('mapped and read they give the same bytes', { skip: !isLinux && 'Linux maps' }, async () => {
    const path = folder.write('plain', content);
    const ways: [InputOptions, boolean][] = [
      [{ chunkBytes: 1_000 }, true],
      [{ chunkBytes: 1_000, mapping: false }, false],
      // Too large to be mapped.
      [{ mostMappedBytes: content.length - 1 }, false],
      [{ mostMappedBytes: content.length }, true],
    ];
    for (const [options, isMapped] of ways) {
      const file = await InputFile.open(path, options);
      assert.deepEqual([file.packing, file.isMapped], ['plain', isMapped]);
      assert.ok((await readAll(file.chunks())).content.equals(content));
      assert.deepEqual([file.readBytes, file.totalBytes], [content.length, content.length]);
      // And again, from the beginning.
      assert.ok((await readAll(file.chunks())).content.equals(content));
      assert.equal(file.readBytes, content.length);
      await file.close();
    }
  });

  test('a link is followed, an empty file is empty', async () => {
    symlinkSync(folder.write('target', content), join(folder.path, 'link'));
    const file = await InputFile.open(join(folder.path, 'link'));
    assert.equal(file.isMapped, isLinux);
    assert.ok((await readAll(file.chunks())).content.equals(content));
    await file.close();
    const empty = await InputFile.open(folder.write('empty', ''));
    assert.deepEqual([empty.packing, empty.isMapped, empty.totalBytes], ['plain', false, 0]);
    assert.equal((await readAll(empty.chunks())).content.length, 0);
    await empty.close();
  });

  test('what cannot be read is refused in the system’s words', async () => {
    await assert.rejects(InputFile.open(join(folder.path, 'missing')), { code: 'ENOENT' });
    await assert.rejects(InputFile.open(folder.path), { code: 'NOT_A_FILE' });
  });

  test('a pipe is refused, and not waited for', { skip: !isLinux && 'no pipes here' }, async () => {
    const path = join(folder.path, 'pipe');
    execFileSync('mkfifo', [path]);
    await assert.rejects(InputFile.open(path), { code: 'NOT_A_FILE' });
  });

  test('where no file can be mapped, all are read', { skip: !isLinux && 'Linux maps' }, () => {
    const path = folder.write('limited', content);
    const module = new URL('./input-file.ts', import.meta.url).href;
    const script = `import { InputFile } from ${JSON.stringify(module)};
      const file = await InputFile.open(process.argv[1]);
      let length = 0;
      for await (const chunk of file.chunks()) length += chunk.length;
      console.log(file.isMapped, length);`;
    const run = (...flags: string[]) =>
      execFileSync(process.execPath, [...flags, '--input-type=module', '-e', script, path], {
        encoding: 'utf8',
      });
    assert.equal(run(), `true ${content.length}\n`);
    // Without the right to load native modules there is no call that maps.
    assert.equal(run('--no-addons'), `false ${content.length}\n`);
  });
});

describe('packed files', () => {
  const packings = [
    ['zstd', zstdCompressSync, unpackZstd],
    ['gzip', gzipSync, unpackGzip],
  ] as const;
  for (const [name, pack, unpack] of packings) {
    const parts = [content.subarray(0, 250_000), Buffer.alloc(0), content.subarray(250_000)];
    const packed = Buffer.concat(parts.map((part) => pack(part)));

    test(`${name}: all of its parts, wherever they are cut`, async () => {
      const path = folder.write(name, packed);
      const file = await InputFile.open(path, { chunkBytes: 7_000 });
      assert.deepEqual([file.packing, file.isMapped], [name, false]);
      assert.ok((await readAll(file.chunks())).content.equals(content));
      assert.deepEqual([file.readBytes, file.totalBytes], [packed.length, packed.length]);
      await file.close();
      const small = Buffer.concat(['one', '', 'two', 'three'].map((text) => pack(text)));
      for (let length = 1; length <= small.length; length += 1) {
        const read = await readAll(unpack(pieces(small, length)));
        assert.deepEqual([read.content.toString(), read.error], ['onetwothree', undefined]);
      }
    });

    test(`${name}: cut off anywhere, what came before is kept and the end is told`, async () => {
      const small = Buffer.concat(['one', 'two'].map((text) => pack(text)));
      const border = pack('one').length;
      for (let length = 0; length < small.length; length += 1) {
        if (length === border || length === 0) continue;
        const { content: read, error } = await readAll(
          unpack(pieces(small.subarray(0, length), 9)),
        );
        assert.equal(error, 'TRUNCATED', `${length} bytes`);
        assert.ok('onetwo'.startsWith(read.toString()));
        if (length > border) assert.ok(read.toString().startsWith('one'));
      }
      const cut = await readFile(folder.write(`cut-${name}`, packed.subarray(0, -100_000)));
      assert.equal(cut.error, 'TRUNCATED');
      assert.ok(cut.content.length > 250_000);
      assert.ok(content.subarray(0, cut.content.length).equals(cut.content));
    });

    test(`${name}: what its checksums refuse is told`, async () => {
      const changed = Buffer.from(packed);
      const last = packed.length - 3;
      changed.writeUInt8(changed.readUInt8(last) ^ 1, last);
      const read = await readFile(folder.write(`changed-${name}`, changed));
      // Frames of zstd have a checksum only where they were made with one.
      if (name === 'gzip') assert.equal(read.error, 'CORRUPT');
      const garbage = Buffer.concat([pack('one'), Buffer.from('garbage')]);
      const { content: before, error } = await readAll(unpack(pieces(garbage, 100)));
      assert.deepEqual([before.toString(), error], ['one', 'CORRUPT']);
    });

    test(`${name}: much from little comes in chunks, as they are taken`, async () => {
      const size = 64 << 20;
      const bomb = pack(Buffer.alloc(size));
      const { content: read, most } = await readAll(unpack(pieces(bomb, bomb.length)));
      assert.equal(read.length, size);
      assert.ok(most <= 256 * 1_024, `a chunk of ${most} bytes`);
      // Whoever takes no more is not given more.
      const first = unpack(pieces(bomb, bomb.length));
      assert.equal((await first.next()).done, false);
      await first.return(undefined);
    });

    test(`${name}: random changes end in an error with a code, or in nothing`, async () => {
      const small = Buffer.concat(['one', 'two'.repeat(99)].map((text) => pack(text)));
      const edits = fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1 });
      const check = fc.asyncProperty(edits, fc.integer({ min: 1, max: 50 }), async (all, cut) => {
        const changed = Buffer.from(small);
        for (const [at, value] of all) changed.writeUInt8(value, at);
        const read = await readAll(unpack(pieces(changed, cut)));
        assert.ok([undefined, 'TRUNCATED', 'CORRUPT'].includes(read.error));
      });
      await fc.assert(check, { numRuns: 200 });
    });
  }

  test('gzip with everything that a header may have', async () => {
    const plain = gzipSync('one');
    const header = Buffer.from(plain.subarray(0, 10));
    header.writeUInt8(2 | 4 | 8 | 16, 3);
    const fields = Buffer.from('\x03\x00abcname\x00comment\x00##', 'latin1');
    const packed = Buffer.concat([header, fields, plain.subarray(10)]);
    for (const length of [1, 7, packed.length]) {
      const read = await readAll(unpackGzip(pieces(packed, length)));
      assert.deepEqual([read.content.toString(), read.error], ['one', undefined]);
    }
    header.writeUInt8(32, 3);
    assert.equal((await readAll(unpackGzip(pieces(header, 10)))).error, 'CORRUPT');
  });

  test('gzip’s padding and zstd’s frames that say nothing are passed over', async () => {
    const padded = Buffer.concat([gzipSync('one'), Buffer.alloc(700)]);
    const read = await readAll(unpackGzip(pieces(padded, 64)));
    assert.deepEqual([read.content.toString(), read.error], ['one', undefined]);
    const behind = Buffer.concat([padded, gzipSync('two')]);
    assert.equal((await readAll(unpackGzip(pieces(behind, 64)))).error, 'CORRUPT');
    const skippable = Buffer.from('572a4d1803000000ffffff', 'hex');
    const framed = Buffer.concat([skippable, zstdCompressSync('one'), skippable]);
    const file = await InputFile.open(folder.write('skippable', framed));
    assert.equal(file.packing, 'zstd');
    assert.equal((await readAll(file.chunks())).content.toString(), 'one');
    await file.close();
  });

  test('the frames of the ESH4 sample, to the last record', async (t) => {
    const path = dataFile(t, 'databento', 'esh4-glbx-mdp3-20231225.mbo.dbn.zst');
    if (path === undefined) return;
    const { content: bytes } = await readFile(path, { chunkBytes: 10_000 });
    assert.equal(bytes.length, 206 + 68_792 * 56);
    assert.equal(decodeWith((kernel) => createDbnDecoder(kernel), bytes).units, 68_792n);
  });
});

describe('zips', () => {
  const parts: ZipPart[] = [
    { name: 'folder/', content: Buffer.alloc(0), isStored: true },
    { name: 'folder/packed', content },
    { name: 'stored', content, isStored: true },
    { name: 'large', content: Buffer.from('beyond'), isLarge: true },
    { name: 'nothing', content: Buffer.alloc(0) },
  ];

  const readMember = (path: string, member: string, options: InputOptions = {}) =>
    readFile(path, { ...options, member: (name) => name === member });

  for (const [how, comment, isLarge] of [
    ['plain', '', false],
    ['with a comment', 'PK\x05\x06 is said here', false],
    ['beyond 32 bits', '', true],
  ] as const) {
    test(`every member, packed and stored: ${how}`, async () => {
      const path = folder.write(`${how}.zip`, zipFile(parts, comment, isLarge));
      assert.deepEqual(await listMembers(path), ['folder/packed', 'stored', 'large', 'nothing']);
      for (const part of parts.slice(1)) {
        const read = await readMember(path, part.name, { chunkBytes: 3_000 });
        assert.equal(read.error, undefined);
        assert.ok(read.content.equals(part.content), part.name);
      }
    });
  }

  test('the samples of LOBSTER', async (t) => {
    const name = 'LOBSTER_SampleFile_GOOG_2012-06-21_10.zip';
    const path = dataFile(t, 'lobster', name);
    if (path === undefined) return;
    const member = (one: string) => one.includes('_message_');
    const { content: rows } = await readFile(path, { member });
    assert.equal(rows.toString('latin1').split('\n').length - 1, 147_916);
    assert.equal(rows.length, 6_094_817);
  });

  test('a member has to be chosen, and be there', async () => {
    const path = folder.write('choose.zip', zipFile(parts));
    await assert.rejects(InputFile.open(path), { code: 'WHICH_MEMBER' });
    await assert.rejects(InputFile.open(path, { member: () => false }), { code: 'NO_MEMBER' });
    const only = folder.write('only.zip', zipFile(parts.slice(1, 2)));
    const file = await InputFile.open(only);
    const packedBytes = deflateRawSync(content).length;
    assert.deepEqual([file.packing, file.member], ['zip', 'folder/packed']);
    assert.ok((await readAll(file.chunks())).content.equals(content));
    assert.equal(file.totalBytes, packedBytes);
    await file.close();
    assert.deepEqual(await listMembers(folder.write('no.zip', 'no zip')), []);
  });

  test('what is not valid is refused by a code', async () => {
    const refused = async (part: Partial<ZipPart>) => {
      const bytes = zipFile([{ name: 'one', content, ...part }]);
      return (await readFile(folder.write('bad.zip', bytes))).error;
    };
    assert.equal(await refused({}), undefined);
    assert.equal(await refused({ crc: 1 }), 'CORRUPT');
    assert.equal(await refused({ method: 12 }), 'UNSUPPORTED');
    assert.equal(await refused({ flags: 1 }), 'UNSUPPORTED');
    const whole = zipFile([{ name: 'one', content }]);
    const cut = folder.write('cut.zip', whole.subarray(0, -60));
    await assert.rejects(InputFile.open(cut), { code: 'TRUNCATED' });
  });

  test('random changes end in an error with a code, or in nothing', async () => {
    const small = zipFile([
      { name: 'one', content: Buffer.from('one'.repeat(30)) },
      { name: 'two', content: Buffer.from('two'), isStored: true, isLarge: true },
    ]);
    const edits = fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1 });
    const check = fc.asyncProperty(edits, async (all) => {
      const changed = Buffer.from(small);
      for (const [at, value] of all) changed.writeUInt8(value, at);
      const path = folder.write('changed.zip', changed);
      try {
        await readMember(path, 'one');
        await readMember(path, 'two');
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    });
    await fc.assert(check, { numRuns: 200 });
  });

  test('a file’s content does not depend on how it is packed', async () => {
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    const files = [
      folder.write('all', content),
      folder.write('all.zst', zstdCompressSync(content)),
      folder.write('all.gz', gzipSync(content)),
      folder.write('all.zip', zipFile([{ name: 'all', content }])),
    ];
    const digests = await Promise.all(
      files.map(async (path) => digest((await readFile(path)).content)),
    );
    assert.deepEqual(new Set(digests), new Set([digest(readFileSync(files[0] ?? ''))]));
  });
});
