/** What `keys` refuses before a program of the circuits is started, and what one leaves behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';
import { CEREMONY } from './circuit-process.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-keys-'));
after(() => rm(dir, { recursive: true, force: true }));

/** One whole section of a type, or the beginning of it. */
async function keyFile(name: string, type: string, bytes: number): Promise<string> {
  const file = Buffer.alloc(24 + bytes);
  file.write(type, 'latin1');
  file.writeUInt32LE(1, 4);
  file.writeUInt32LE(1, 8);
  file.writeUInt32LE(1, 12);
  file.writeBigUInt64LE(4n, 16);
  const path = join(dir, name);
  await writeFile(path, file);
  return path;
}

test('wrong input is refused in one line, with the reason: status 2', async () => {
  const empty = join(dir, 'empty.zkey');
  await writeFile(empty, '');
  const whole = await keyFile('whole.zkey', 'zkey', 4);
  const short = await keyFile('short.ptau', 'ptau', 3);
  const verify = 'ceremony --circuit batch-15';
  for (const [line, words] of [
    ['dev --circuit foo', /--circuit foo: there are batch-15, .*, all$/],
    ['import --circuit foo --zkey x', /--circuit foo: there are batch-15, batch-240, /],
    [`import --circuit batch-15 --zkey ${dir}/no`, /no can't be read: there is no such file/],
    ['ceremony --contributors 21', /--contributors 21: give a whole number from 1 to 20$/],
    ['ceremony --beacon XY', /--beacon XY: give 8 to 255 bytes in hex/],
    ['ceremony --circuit foo --zkey x --ptau y', /--circuit foo: there are/],
    [`ceremony --zkey ${whole} --ptau ${short}`, /--circuit is missing/],
    [`${verify} --zkey ${whole}`, /--ptau is missing/],
    [`${verify} --contributors 2`, /--contributors is of a rehearsal/],
    [`${verify} --zkey ${empty} --ptau ${short}`, /--zkey: .*empty\.zkey is empty$/],
    [`${verify} --zkey ${short} --ptau ${short}`, /short\.ptau is no \.zkey file$/],
    [`${verify} --zkey ${whole} --ptau ${short}`, /--ptau: .* ends inside section 1 of 1/],
  ] as const) {
    const { status, stdout, stderr } = await foldbook('keys', ...line.split(' '));
    assert.equal(status, 2, `${line}: ${stderr}`);
    assert.match(stderr.trimEnd(), words);
    assert.deepEqual([stderr.trimEnd().split('\n').length, stdout], [1, '']);
  }
});

test('each has its own help', async () => {
  const { stdout } = await foldbook('keys', 'rotate', '--help');
  assert.match(stdout, /^Usage: foldbook keys rotate/);
  assert.doesNotMatch(stdout, /ceremony|--circuit/);
});

test('a key of another kind than its name is refused with the reason: status 1', async () => {
  const zkey = await keyFile('none.zkey', 'zkey', 4);
  const ptau = await keyFile('none.ptau', 'ptau', 4);
  const args = ['--circuit', 'batch-15', '--zkey', zkey, '--ptau', ptau];
  const { status, stdout } = await foldbook('keys', 'ceremony', ...args);
  assert.equal(status, 1);
  assert.match(stdout, /^refused: .* for this circuit: .+/);
});

test('a rehearsal that is ended removes its files', async () => {
  const child = spawn(process.execPath, [CEREMONY, 'rehearse', '--contributors', '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: dir },
  });
  const ended = once(child, 'exit');
  const ofRehearsal = async () => (await readdir(dir)).filter((name) => /-ceremony-/.test(name));
  await once(createInterface({ input: child.stdout }), 'line');
  assert.equal((await ofRehearsal()).length, 1);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
  assert.deepEqual(await ofRehearsal(), []);
});
