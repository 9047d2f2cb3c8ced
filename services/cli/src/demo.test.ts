/**
 * The demo as a user runs it, and what its proof store is worth: after one byte of any part of it
 * is changed, the verifier refuses with a reason.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { zstdDecompressSync } from 'node:zlib';
import { type ChainResult, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { until } from './testing/until.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const run = promisify(execFile);

const text = (stream: Readable | null) => (stream === null ? '' : readText(stream));

interface Place {
  readonly name: string;
  readonly file: string;
  readonly offset: number;
}

/** Each field of the epoch file: see circuits/STATEMENT.md. Header fields start at 8. */
const EPOCH_FIELDS: readonly [string, number][] = [
  ['magic', 0],
  ['version', 4],
  ['reserved', 6],
  ['header magic', 8],
  ['header version', 12],
  ['header chain', 14],
  ['header zero', 15],
  ['header market', 16],
  ['header epoch', 24],
  ['header chain id', 32],
  ['header previous', 64],
  ['header rules hash', 96],
  ['header log head start', 128],
  ['header log head end', 160],
  ['header log first', 192],
  ['header log last', 200],
  ['header sequence first', 208],
  ['header sequence last', 216],
  ['header record first', 224],
  ['header record count', 232],
  ['header batch count', 236],
  ['header account proof count', 240],
  ['header change count', 244],
  ['header state hash', 248],
  ['header time', 256],
  ['header old root', 264],
  ['header new root', 296],
  ['header digest list', 328],
  ['header data digest', 360],
  ['signature R', 392],
  ['signature s', 424],
  ['changes count', 456],
  ['change record', 460],
  ['change sequence', 468],
  ['change kind', 476],
  ['change rates', 484],
  ['batches count', 516],
  ['batch back end', 520],
  ['batch size', 522],
  ['batch count', 524],
  ['batch digest', 528],
  ['batch accumulator', 560],
  ['batch proof length', 592],
  ['batch proof A', 596],
  ['batch proof B', 628],
  ['batch proof C', 692],
];
const BATCHES_AT = 520;
const BATCH_BYTES = 8 + 32 + 32 + 4 + 128;
const ACCOUNT_FIELDS: readonly [string, number][] = [
  ['account proofs count', 0],
  ['account new root', 4],
  ['account back end', 36],
  ['account size', 38],
  ['account count', 40],
  ['account digest', 44],
  ['account accumulator', 76],
  ['account proof length', 108],
  ['account proof A', 112],
  ['account proof B', 144],
  ['account proof C', 208],
];
const GENESIS_FIELDS: readonly [string, number][] = [
  ['magic', 0],
  ['version', 4],
  ['market', 8],
  ['name', 13],
  ['nonce', 17],
  ['operator key', 49],
  ['empty root', 81],
  ['rules hash', 113],
  ['keys count', 145],
  ['batch key role', 146],
  ['batch key back end', 147],
  ['batch key size', 148],
  ['batch key digest', 150],
  ['account key size', 184],
  ['account key digest', 186],
];

describe('the demo and its proof store', () => {
  let dir = '';
  let proofs = '';
  let summary: Record<string, unknown> = {};
  const check = (): Promise<ChainResult> => verifyChain(openStoreFolder(proofs, 'DEMO'), {});

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-demo-'));
    const data = join(dir, 'data');
    proofs = join(data, 'proofs');
    const args = [MAIN, 'demo', '--json', '--seconds', '1', '--chain', 'poseidon', '--data', data];
    const { stdout } = await run(process.execPath, args);
    summary = JSON.parse(stdout);
  });

  after(() => rm(dir, { recursive: true, force: true }));

  it('answers every order, mirrors the book, proves and verifies two epochs', () => {
    assert.equal(summary.verified, true);
    assert.equal(summary.epochsVerified, 2);
    assert(Number(summary.commands) > 1_000);
    assert(Number(summary.trades) > 100);
    const mirror = summary.mirror as { checks: number; mismatches: number; gaps: number };
    assert(mirror.checks > 0);
    assert.equal(mirror.mismatches, 0);
    assert.equal(mirror.gaps, 0);
  });

  it('verifies from outside, and says what is shown and what is not', async () => {
    const { stdout } = await run(process.execPath, [MAIN, 'verify', '--store', proofs]);
    assert.match(stdout, /^VERIFIED: DEMO, 2 epochs/);
    assert.match(stdout, /shown:\n {2}\+ /);
    assert.match(stdout, /not shown:\n {2}- /);
    assert.match(stdout, /WARNING: development keys/);
    const log = ['--level', 'replay', '--log', join(dir, 'data', 'streams', 'LOG_0')];
    const again = await run(process.execPath, [MAIN, 'verify', '--store', proofs, ...log]);
    assert.match(again.stdout, /^VERIFIED: DEMO, 2 epochs, .* level replay/);
    assert.match(again.stdout, /WARNING: development keys/);
  });

  it('prints one object with --json: what was checked, in how many bytes and ms', async () => {
    const args = [MAIN, 'verify', '--store', proofs, '--json', '--epochs', '1..1'];
    const { stdout, stderr } = await run(process.execPath, args);
    assert.equal(stderr, '');
    const result = JSON.parse(stdout);
    assert.deepEqual(
      [result.ok, result.epochs, result.level, result.backend, result.devKeys],
      [true, 1, 'data', 'groth16', true],
    );
    assert(result.bytes > 1_000 && result.ms > 0);
    assert(result.shown.length > 0 && result.notShown.length > 0);
  });

  it('exits 1 with the reason after a change, and 2 after bad usage', async () => {
    const file = join(proofs, 'DEMO', 'epochs', '00000001.fbr');
    const original = await readFile(file);
    const changed = Uint8Array.from(original);
    changed[0] = (changed[0] ?? 0) ^ 1;
    await writeFile(file, changed);
    const args = [MAIN, 'verify', '--store', proofs, '--json'];
    await assert.rejects(run(process.execPath, args), (error: unknown) => {
      const { code, stdout } = error as { code: number; stdout: string };
      assert.equal(code, 1);
      const result = JSON.parse(stdout) as { ok: boolean; firstFailure: { message: string } };
      assert.equal(result.ok, false);
      assert(result.firstFailure.message.length > 0);
      return true;
    });
    await writeFile(file, original);
    const wrong = run(process.execPath, [MAIN, 'verify', '--store', join(dir, 'nowhere')]);
    await assert.rejects(wrong, (error: unknown) => {
      const { code, stderr } = error as { code: number; stderr: string };
      assert.equal(code, 2);
      assert.match(stderr, /^foldbook: .*nowhere holds no market/);
      return true;
    });
  });

  async function refused(...args: string[]): Promise<{ code: number; stderr: string }> {
    const error: unknown = await run(process.execPath, [MAIN, ...args]).then(
      () => assert.fail(`${args.join(' ')} was accepted`),
      (reason: unknown) => reason,
    );
    return error as { code: number; stderr: string };
  }

  it('one epoch asked for: the others are said to be left out', async () => {
    const args = [MAIN, 'verify', '--store', proofs, '--epochs', '0'];
    const { stdout } = await run(process.execPath, args);
    assert.match(stdout, /^VERIFIED: DEMO, 1 epoch, /);
    assert.match(stdout, /not shown:\n {2}- anything about epoch 1: not asked for/);
    const { stdout: last } = await run(process.execPath, [...args.slice(0, -1), '1']);
    assert.match(last, /the proofs of epochs 0 to 0/);
    assert.doesNotMatch(last, /not asked for/);
  });

  it('records that are missing leave development proofs that show nothing: status 1', async () => {
    const file = join(proofs, 'DEMO', 'epochs', '00000001.fbr');
    await rename(file, join(dir, 'kept.fbr'));
    const args = [MAIN, 'verify', '--store', proofs, '--json'];
    const asked = run(process.execPath, args).catch(
      (error: { stdout: string; code: number }) => error,
    );
    const answer = await asked;
    await rename(join(dir, 'kept.fbr'), file);
    assert('code' in answer && answer.code === 1);
    const result = JSON.parse(answer.stdout);
    assert.deepEqual([result.ok, result.level, result.verdict], [false, 'settlement', 'signed']);
    assert.equal(result.shown.length, 1, 'who signed');
    assert.match(result.notShown[0], /^level data: 00000001\.fbr not in the epochs folder/);
    assert.equal(result.ms, Math.round(result.ms * 10) / 10);
  });

  it('a market or store that is not there, or a bad option: one line, status 2', async () => {
    for (const [args, words] of [
      [['--market', 'NOPE'], /holds no market NOPE; it holds DEMO$/],
      [['--market', '../x'], /--market \.\.\/x: use 1 to 32 of/],
      [['--market', ''], /--market "": use 1 to 32 of/],
      [['--epochs', '1..0'], /give one epoch, like 3, or a range/],
      [['--genesis', 'abc'], /give the 64 hex digits/],
      [['--max-file', '0'], /give a number of MiB, 1 to 999999/],
      [['--store', MAIN], /can't be read: a part of its path is a file/],
    ] as const) {
      const { code, stderr } = await refused('verify', '--store', proofs, ...args);
      assert.equal(code, 2);
      assert.match(stderr.trimEnd(), words);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    }
  });

  it('a chain without an epoch has nothing to verify: status 1', async () => {
    const empty = join(dir, 'empty');
    await cp(join(proofs, 'DEMO'), join(empty, 'DEMO'), { recursive: true });
    await rm(join(empty, 'DEMO', 'epochs'), { recursive: true });
    const { code } = await refused('verify', '--store', empty);
    assert.equal(code, 1);
    const args = [MAIN, 'verify', '--store', empty, '--json'];
    await assert.rejects(run(process.execPath, args), ({ stdout }: { stdout: string }) => {
      assert.match(JSON.parse(stdout).firstFailure.message, /^nothing to verify/);
      return true;
    });
  });

  it('proves all epochs of a STARK chain where nothing else is said', async () => {
    const data = join(dir, 'stark');
    const args = [MAIN, 'demo', '--json', '--seconds', '1', '--data', data];
    const { stdout } = await run(process.execPath, args);
    const { verified, epochsVerified, epochsClosed, recordsProved, behindMs, chain } =
      JSON.parse(stdout);
    assert.deepEqual([verified, epochsVerified], [true, epochsClosed]);
    assert(epochsClosed >= 2 && recordsProved > 100 && behindMs > 0);
    assert.deepEqual([chain.backend, chain.level, chain.devKeys], ['stark', 'data', false]);
    const log = ['--level', 'replay', '--log', join(data, 'streams', 'LOG_0')];
    const store = ['verify', '--store', join(data, 'proofs')];
    const replayed = await run(process.execPath, [MAIN, ...store, ...log]);
    assert.match(replayed.stdout, /^VERIFIED: DEMO/);
  });

  it('a demo that is interrupted at its start ends at once, nothing left running', async () => {
    const data = join(dir, 'interrupted');
    const child = execFile(process.execPath, [MAIN, 'demo', '--data', data]);
    // The folder is made before the services are started.
    await until(() => existsSync(join(data, 'logs', 'market.log')));
    child.kill('SIGINT');
    const output = await text(child.stdout);
    const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    assert.equal(status, 130);
    assert.match(output, /stopping \.\.\.\n$/);
    assert.doesNotMatch(output, /answered/);
  });

  it('is refused after one byte of any part is changed', async () => {
    assert.equal((await check()).ok, true);
    const refusals: string[] = [];
    // Without its zstd frame, so that it is known what a byte says.
    const framed = join(proofs, 'DEMO', 'epochs', '00000000.fbr');
    await writeFile(framed, zstdDecompressSync(await readFile(framed)));
    for (const { name, file, offset } of await places()) {
      const original = await readFile(file);
      assert(offset < original.byteLength, `${name} lies inside ${file}`);
      const changed = Uint8Array.from(original);
      changed[offset] = (changed[offset] ?? 0) ^ 1;
      await writeFile(file, changed);
      const result = await check();
      await writeFile(file, original);
      assert.equal(result.ok, false, `a changed byte of ${name} was accepted`);
      if (!result.ok) refusals.push(result.firstFailure.code);
    }
    assert(new Set(refusals).size > 10, 'different changes have different reasons');
    assert.equal((await check()).ok, true, 'everything is as it was');
  });

  it('is refused with epochs swapped, missing or cut short', async () => {
    const epochs = join(proofs, 'DEMO', 'epochs');
    const path = (epoch: number, ending: string) => join(epochs, `0000000${epoch}.${ending}`);
    const swap = async () => {
      for (const ending of ['fbe', 'fbr']) {
        await rename(path(0, ending), path(9, ending));
        await rename(path(1, ending), path(0, ending));
        await rename(path(9, ending), path(1, ending));
      }
    };
    await swap();
    assert.equal((await check()).ok, false);
    await swap();
    const kept = join(dir, 'kept');
    await cp(epochs, kept, { recursive: true });
    await rm(path(0, 'fbe'));
    assert.equal((await check()).ok, false);
    for (const name of await readdir(kept)) await cp(join(kept, name), join(epochs, name));
    const whole = await readFile(path(1, 'fbe'));
    await writeFile(path(1, 'fbe'), whole.subarray(0, -1));
    assert.equal((await check()).ok, false);
    await writeFile(path(1, 'fbe'), whole);
    assert.equal((await check()).ok, true);
  });

  async function places(): Promise<Place[]> {
    const market = join(proofs, 'DEMO');
    const epoch = join(market, 'epochs', '00000000.fbe');
    const records = join(market, 'epochs', '00000000.fbr');
    const fields = (file: string, start: number, list: readonly [string, number][]) =>
      list.map(([name, offset]) => ({ name, file, offset: start + offset }));
    const keys = await readdir(join(market, 'keys'));
    return [
      ...fields(epoch, 0, EPOCH_FIELDS),
      // One batch: six deposits.
      ...fields(epoch, BATCHES_AT + BATCH_BYTES, ACCOUNT_FIELDS),
      ...fields(join(market, 'genesis.fbg'), 0, GENESIS_FIELDS),
      ...fields(records, 0, [
        ['records magic', 0],
        ['records version', 4],
        ['records count', 8],
        ['records accounts', 12],
        ['length of kinds', 16],
        ['first kind', 64],
        ['last amount', (await readFile(records)).length - 1],
      ]),
      ...keys.flatMap((key) =>
        fields(join(market, 'keys', key), 0, [
          [`${key} magic`, 0],
          [`${key} flags`, 6],
          [`${key} alpha`, 8],
          [`${key} beta`, 72],
          [`${key} IC`, 600],
        ]),
      ),
    ];
  }
});
