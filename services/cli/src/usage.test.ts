/** What is refused before anything is connected, started, written or emptied. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ClientError } from '@foldbook/client';
import { MAX_PRICE } from '@foldbook/protocol';
import { UsageError } from './cli-error.ts';
import { type CliCommand, runCommand } from './command.ts';
import { balance } from './commands/balance.ts';
import { cancel } from './commands/cancel.ts';
import { conform } from './commands/conform.ts';
import { demo } from './commands/demo.ts';
import { deposit } from './commands/funds.ts';
import { keys } from './commands/keys.ts';
import { order } from './commands/order.ts';
import { replace } from './commands/replace.ts';
import { tail } from './commands/tail.ts';
import { up } from './commands/up.ts';
import { verify } from './commands/verify.ts';
import { show } from './market/show.ts';
import { refusalWords } from './refusal-words.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function foldbook(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_, stdout, stderr) =>
      resolve({ status: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

async function refusal(command: CliCommand, line: string): Promise<string> {
  const environment = { signal: new AbortController().signal, password: undefined };
  const args = line.split(' ').filter((arg) => arg !== '');
  const run = runCommand(command, args, environment);
  const error: unknown = await run.then(
    (status) => assert.fail(`${command.name} ${line} ended with ${status}`),
    (reason: unknown) => reason,
  );
  assert(error instanceof UsageError, `${command.name} ${line}: ${error}`);
  assert(!error.message.includes('\n'), 'one line');
  return error.message;
}

/** An address that would be tried last: each of these is refused before. */
const AT = '--market BTC-USD --account 7 --nats nats://127.0.0.1:1';

describe('usage errors', () => {
  it('surplus arguments of every kind of command', async () => {
    for (const [command, line] of [
      [order, `buy 5 10 20 ${AT}`],
      [cancel, `42 43 ${AT}`],
      [replace, `42 5 10 20 ${AT}`],
      [deposit, `quote 5 6 ${AT}`],
      [balance, `7 ${AT}`],
      [tail, 'BTC-USD'],
      [show, 'BTC-USD'],
      [keys, 'dev now'],
      [demo, 'now'],
      [verify, 'store'],
      [up, 'market prover more'],
    ] as const) {
      assert.match(await refusal(command, line), /is one argument too many/);
    }
  });

  it('numbers that do not fit, with the range', async () => {
    const price = `PRICE -1: give a whole number from 1 to ${MAX_PRICE}`;
    assert.equal(await refusal(order, `buy 5 -1 ${AT}`), price);
    assert.match(
      await refusal(order, `buy 0 1 ${AT}`),
      /^QUANTITY 0: .* from 1 to 281474976710655$/,
    );
    const tooLong = '9'.repeat(20);
    for (const [command, line, words] of [
      [order, `buy 5 1 ${AT} --id ${tooLong}`, /^--id 9+: .* from 0 to 18446744073709551615$/],
      [cancel, `${tooLong} ${AT}`, /^CLIENT_ORDER_ID 9+: .* to 18446744073709551615$/],
      [deposit, `quote -5 ${AT}`, /^AMOUNT -5: .* from 1 to 9223372036854775807$/],
      [order, 'buy 5 1 --market A --account 1', /^--account 1: .* from 2 to 16777215$/],
      [balance, '--market A --account -1', /^--account -1: .* from 0 to 16777215$/],
      [order, 'buy 5 --market A --account 7', /^PRICE is missing: /],
      [tail, '--market ../x', /^--market \.\.\/x: use 1 to 32 of A-Z/],
    ] as const) {
      assert.match(await refusal(command, line), words);
    }
  });

  it('up: options that do not go together, or that would be ignored', async () => {
    for (const [line, words] of [
      ['--nats-port 4222', /--nats-port is for --local/],
      ['--redis-port 6379', /--redis-port is for --local/],
      ['--local --nats nats://127.0.0.1:4222', /leave it or --local away/],
      ['--local --nats-port 5000 --redis-port 5000', /give two ports/],
      ['--local --workers 0', /^--workers 0: /],
      ['matket', /no service "matket"/],
    ] as const) {
      assert.match(await refusal(up, line), words);
    }
  });

  it('a missing broker or file: once, in one line, with what to do, status 2', async () => {
    for (const [args, words] of [
      [['up', '--nats', 'nats://127.0.0.1:1'], /^foldbook: no broker at .*up --local" starts/],
      [['book', '--market', 'A', '--nats', 'nats://127.0.0.1:1'], /no broker .*up --local"/],
      [['conform', '/nonexistent'], /nonexistent can't be read: there is no such file/],
      [['help', 'nope'], /no command "nope"/],
    ] as const) {
      const { status, stdout, stderr } = await foldbook(...args);
      assert.equal(status, 2);
      assert.match(stderr, words);
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
      assert.equal(stdout, '');
    }
  });

  it('--version, and help of one command', async () => {
    assert.match((await foldbook('--version')).stdout, /^foldbook \d+\.\d+\.\d+\n$/);
    const asked = await foldbook('help', 'verify');
    assert.deepEqual(asked, await foldbook('verify', '--help'));
    assert.equal(asked.status, 0);
    assert.match(asked.stdout, /^Usage: foldbook verify/);
  });

  it('a refusal of the server names the market and what to do, not the subject', () => {
    const unknown = new ClientError('REFUSED', 'md.BTC-USD.snapshot: UNKNOWN_MARKET ');
    assert.equal(
      refusalWords(unknown),
      'BTC-USD: no such market; create it with: foldbook market create --market BTC-USD',
    );
    const exists = refusalWords(new ClientError('REFUSED', 'adm.BTC-USD: MARKET_EXISTS '));
    assert.match(
      exists,
      /^BTC-USD: MARKET_EXISTS \(114\): .*; choose another name; see: foldbook help codes$/,
    );
    const other = new ClientError('UNREACHABLE', 'no answer ');
    assert.equal(refusalWords(other), 'UNREACHABLE: no answer');
  });
});

describe('a demo that is refused leaves the former one as it was', () => {
  let dir = '';
  let data = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-usage-'));
    data = join(dir, 'data');
    await mkdir(data);
    await writeFile(join(data, 'foldbook-demo'), '');
    await writeFile(join(data, 'proof'), 'of the former demo');
    await writeFile(join(dir, 'file'), 'no folder');
    const broken = new Uint8Array(16 + 40);
    broken[12] = 1;
    broken[16] = 9;
    await writeFile(join(dir, 'orders.bin'), broken);
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('whatever is wrong', async () => {
    for (const [line, words] of [
      ['--epochs 0', /^--epochs 0: give a whole number from 1/],
      ['--epochs x', /^--epochs x: /],
      ['--seconds 0', /^--seconds 0: give a whole number from 1/],
      ['--workers 1000', /^--workers 1000: /],
      ['--epoch-records 0', /^--epoch-records 0: /],
      ['--clean', /it goes with --nats and --redis/],
      ['--nats nats://127.0.0.1:1', /give --nats and --redis together/],
      ['--nats nats://127.0.0.1:1 --redis redis://127.0.0.1:1', /no broker at nats:/],
      ['--input /nonexistent', /can't be read: there is no such file/],
      [`--input ${join(dir, 'orders.bin')}`, /message type 9 at byte 16 is unknown/],
    ] as const) {
      assert.match(await refusal(demo, `--data ${data} ${line}`), words);
    }
    assert.equal(await readFile(join(data, 'proof'), 'utf8'), 'of the former demo');
  });

  it('a folder that is none, holds something else, or can not be made', async () => {
    assert.match(
      await refusal(demo, `--data ${join(dir, 'file')}`),
      /file is a file; name a folder/,
    );
    assert.match(await refusal(demo, `--data ${dir}`), /holds something else/);
    const below = join(dir, 'file', 'below');
    assert.match(await refusal(demo, `--data ${below}`), /a part of its path is a file/);
  });

  it('conform: no file named', async () => {
    assert.match(await refusal(conform, ''), /name at least one file/);
  });
});
