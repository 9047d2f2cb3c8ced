/** What is refused before anything is connected, started, written or emptied. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClientError } from '@foldbook/client';
import { MAX_PRICE, resultTable } from '@foldbook/protocol';
import { prove } from './bench/prove.ts';
import { certify } from './certify-command.ts';
import { proofNeg } from './check/proof-neg.ts';
import { UsageError } from './cli-error.ts';
import { type CliCommand, runCommand } from './command.ts';
import { isGroup } from './command-group.ts';
import { COMMANDS } from './command-list.ts';
import { amend } from './commands/amend.ts';
import { balance } from './commands/balance.ts';
import { cancel } from './commands/cancel.ts';
import { cancelAfter } from './commands/cancel-after.ts';
import { codes } from './commands/codes.ts';
import { conform } from './commands/conform.ts';
import { demo } from './commands/demo.ts';
import { dispute } from './commands/dispute.ts';
import { deposit } from './commands/funds.ts';
import { order } from './commands/order.ts';
import { orders } from './commands/orders.ts';
import { quote } from './commands/quote.ts';
import { replace } from './commands/replace.ts';
import { tail } from './commands/tail.ts';
import { top } from './commands/top.ts';
import { up } from './commands/up.ts';
import { verify } from './commands/verify.ts';
import { configure } from './market/configure.ts';
import { create } from './market/create.ts';
import { collectFees, setFees, setTier } from './market/fees.ts';
import { move } from './market/move.ts';
import { purge } from './market/purge.ts';
import { show } from './market/show.ts';
import { refusalWords } from './refusal-words.ts';
import { foldbook } from './testing/foldbook.ts';

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
      [certify, 'KEY now'],
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

  it('orders, cancels, amendments and quotes that make no sense', async () => {
    for (const [command, line, words] of [
      [order, 'hold 5 10', /^say the side: foldbook order buy\|sell QUANTITY/],
      [order, 'buy 5 10 --post-only --time ioc', /^--post-only is for orders that rest/],
      [order, 'buy 5 --post-only 10 --display 5', /^--display 5: .* from 1 to 4$/],
      [replace, '42 5 --type market --protect 9 --keep-priority', /^--keep-priority is for limit/],
      [cancel, '', /^say what to cancel: CLIENT_ORDER_ID, --order ORDER_ID or --all$/],
      [cancel, '42 --all', /^name one: /],
      [cancel, '--all --order 42', /^name one: /],
      [cancel, '42 --side buy', /^--side goes with --all/],
      [cancel, '--all --side left', /^--side left: use buy, sell or both$/],
      [cancelAfter, '', /^SECONDS is missing: give a whole number from 1 to 4294967295$/],
      [cancelAfter, '0', /^SECONDS 0: /],
      [amend, '42 0', /^DELTA 0 changes nothing: /],
      [amend, '42 ++5', /^DELTA \+5: /],
      [amend, '42 -281474976710656', /^DELTA -281474976710656: .* to 281474976710655$/],
      [orders, '--side up', /^--side up: use buy, sell or both$/],
      [quote, '', /^name at least one quote: /],
      [quote, '1:buy:5', /^quote "1:buy:5": PRICE is missing/],
      [quote, 'one:off', /^quote "one:off": ID one: /],
      [quote, '1:off:2', /^quote "1:off:2": side off: use buy or sell$/],
      [quote, '1:buy:5:9:', /^quote "1:buy:5:9:": write it ID:buy\|sell:QUANTITY:PRICE or ID:off$/],
      [quote, '1:off 01:off', /^quote 1 is named twice$/],
      [quote, `${'1:off '.repeat(1_025)}`, /^more than 1024 quotes: send them in parts$/],
      [quote, '1:buy:5:9 --type market', /^there is no option --type; see: foldbook quote --help$/],
    ] as const) {
      assert.match(await refusal(command, `${line} ${AT}`), words);
    }
  });

  it("an operator's commands: rates, symbols, limits", async () => {
    const at = '--market BTC-USD --nats nats://127.0.0.1:1';
    for (const [command, line, words] of [
      [create, '--maker-ppm -50 --taker-ppm 20', /^--maker-ppm -50 and --taker-ppm 20: a rebate/],
      [create, '--taker-ppm 50 --max-fee-ppm 49', /^--max-fee-ppm 49 is below a rate: .* 50$/],
      [create, '--taker-ppm 100001', /^--taker-ppm 100001: .* from -100000 to 100000$/],
      [create, '--base-symbol btc', /^--base-symbol btc: use up to 8 of A-Z, 0-9, "\." and "-"$/],
      [create, '--base-symbol A --quote-symbol A', /^--base-symbol and --quote-symbol are both A$/],
      [create, '--price-decimals 19', /^--price-decimals 19: .* from 0 to 18$/],
      [setFees, '--tier 1 --maker-ppm 1', /^--taker-ppm is missing: /],
      [setFees, '--maker-ppm 1 --taker-ppm 1', /^--tier is missing: .* from 0 to 15$/],
      [setFees, '--tier 16 --maker-ppm 1 --taker-ppm 1', /^--tier 16: .* from 0 to 15$/],
      [setFees, '--tier 1 --maker-ppm -9 --taker-ppm 1', /a rebate must not be above/],
      [setTier, '--tier 1', /^--account is missing; /],
      [setTier, '--account 1 --tier 1', /^--account 1: .* from 2 to 16777215$/],
      [collectFees, '--account 7', /^AMOUNT is missing/],
      [collectFees, 'most --account 7', /^AMOUNT most: /],
      [collectFees, 'all --account 1', /^--account 1: .* from 2 to 16777215$/],
      [configure, '', /^name the limits that shall hold, 0 for none: --min-price, /],
      [configure, '--min-price 5 --max-price 4', /^--min-price 5 is above --max-price 4$/],
      [configure, '--band-ppm 1000001', /^--band-ppm 1000001: .* from 0 to 1000000$/],
      [move, '', /^no --host: the number of the thread, from 0$/],
      [move, '--host 64', /^--host 64: .* from 0 to 63$/],
      [purge, '', /^say whose orders: --account N or --everybody$/],
      [purge, '--account 7 --everybody', /exclude each other$/],
      [codes, 'NOPE', /^there is no option --market/],
    ] as const) {
      assert.match(await refusal(command, `${line} ${at}`), words);
    }
    assert.match(await refusal(codes, 'NOPE'), /^no code NOPE; all of them: foldbook codes$/);
  });

  it('up: options that do not go together, or that would be ignored', async () => {
    for (const [line, words] of [
      ['--nats-port 4222', /--nats-port is for --local/],
      ['--redis-port 6379', /--redis-port is for --local/],
      ['--local --nats nats://127.0.0.1:4222', /leave it or --local away/],
      ['--local --nats-port 5000 --redis-port 5000', /give two ports/],
      ['--local --workers 0', /^--workers 0: /],
      ['--local --share-dir /dev/shm/x', /--share-dir is for --share/],
      ['--local --share 7,x', /^--share 7,x: give accounts/],
      ['--local --share 1', /^--share 1: give accounts/],
      ['--local --share 7,', /^--share 7,: give accounts/],
      ['--local --share 7:', /^--share 7:: give accounts/],
      ['--local --share 7:4294967295', /^--share 7:4294967295: give accounts/],
      ['--local --share 7,8,7:1001', /^--share 7,8,7:1001: give each account once/],
      ['--hosts 65', /^--hosts 65: give a whole number from 1 to 64$/],
      ['--hosts 2 --placement hash', /^--placement hash: use round-robin or load$/],
      ['--local --standbys 1', /^--standbys is for a node: add --partitions/],
      ['--partitions 0', /^--partitions 0: give a whole number from 1 to 1,?024$/],
      ['--partitions 4 --node a.b', /^--node a\.b: 1 to 40 letters/],
      ['--partitions 4 --share 7', /^--share is of a single market service/],
      ['matket', /no service "matket"/],
    ] as const) {
      assert.match(await refusal(up, line), words);
    }
  });

  it('up: a configuration that is none, or that options contradict', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'foldbook-usage-'));
    const path = join(dir, 'node.json');
    for (const [line, text, words] of [
      ['', '{"journal": {"dir"', /node\.json is no JSON: /],
      ['', '[1]', /node\.json: give an object, as in /],
      ['prover', '{}', /^--config is of the market, which is not started/],
      [
        '',
        '{"broker":{"kind":"embedded"}}',
        /broker\.kind is "embedded", and up serves over "nats"/,
      ],
      ['', '{"broker":{"pass":"x"}}', /broker\.pass: leave it away, and set \$FOLDBOOK_PASSWORD/],
      ['--local', '{"broker":{"servers":"x"}}', /broker\.servers is not for --local/],
      [
        'market',
        '{"broker":{"servers":"nats://127.0.0.1:1"}}',
        /no broker at nats:\/\/127\.0\.0\.1:1 /,
      ],
    ] as const) {
      await writeFile(path, text);
      assert.match(await refusal(up, `${line} --config ${path}`), words);
    }
    await rm(dir, { recursive: true });
    assert.match(
      await refusal(up, `--config ${path}`),
      /node\.json can't be read: there is no such/,
    );
  });

  it('a missing broker or file: once, in one line, with what to do, status 2', async () => {
    for (const [args, words] of [
      [['up', '--nats', 'nats://127.0.0.1:1'], /^foldbook: no broker at .*up --local" starts/],
      [['up', '--hosts', 'inline', '--nats', 'nats://127.0.0.1:1'], /^foldbook: no broker at /],
      [['up', '--hosts', 'none'], /--hosts none: give a whole number/],
      [['up', '--prover-workers', '4..2'], /--prover-workers 4\.\.2: give the least and the most/],
      [['up', '--prover-workers', '0'], /--prover-workers 0: give the least and the most/],
      [['up', '--prover-memory', '900'], /--prover-memory is for --prover-workers: add it/],
      [['up', '--prover-workers', '1', '--prover-cores', '9999'], /this process may use/],
      [['up', 'market', '--prover-workers', '1'], /the prover, which is not started/],
      [['prover', 'status', '--data', '/nonexistent'], /no prover of \/nonexistent runs here/],
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

  it('benchmarks and views of what is not there', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'foldbook-usage-'));
    const empty = join(dir, 'empty');
    await writeFile(empty, '');
    for (const [command, line, words] of [
      [prove, '--circuit foo', /^--circuit foo: there are batch-15, batch-240, /],
      [prove, '--backend groth16,foo', /^--backend foo: there are groth16, fold, stark, snarkjs$/],
      [prove, '--backend stark --blowup 5', /^--blowup 5: it is 4 or 8$/],
      [prove, '--backend stark --circuit accounts-4', /^--circuit accounts-4: stark is held /],
      [prove, '--records 9', /^--records is for --backend stark$/],
      [proofNeg, '--backend fold', /^--backend fold: there are groth16 and stark$/],
      [proofNeg, '--backend stark --circuit none', /^--circuit is for the other back end/],
      [proofNeg, '--all', /^--all is for --backend stark$/],
      [top, `--file ${empty}`, /empty is empty: name the metricsFile of a market that runs$/],
      [top, `--file ${empty}.not`, /empty\.not can't be read: there is no such file/],
      [conform, empty, /empty: this is no message file, as it is or within zstd: check/],
    ] as const) {
      assert.match(await refusal(command, line), words);
    }
    await rm(dir, { recursive: true });
  });

  it('every command has help with an example, and says --json', async () => {
    let count = 0;
    for (const load of Object.values(COMMANDS)) {
      const found = await load();
      const loads = isGroup(found) ? Object.values(found.commands) : [async () => found];
      for (const loadOne of loads) {
        const { name, help } = await loadOne();
        assert.match(help.trim(), new RegExp(`^Usage: foldbook ${name}\\b`));
        assert.match(help, new RegExp(`Example: (npx )?foldbook ${name}\\b`), name);
        assert.match(help, /--json/, name);
        count += 1;
      }
    }
    assert(count > 30, `${count} commands`);
  });

  it('result codes: all in the help, the same table as in the documentation', async () => {
    const help = await foldbook('help', 'codes');
    const some = await foldbook('codes', '207', 'cannot_fill', '--json');
    const [poor, kill] = some.stdout.trim().split('\n');
    assert.match(
      poor ?? '',
      /^\{"code":207,"name":"INSUFFICIENT_FUNDS","meaning":".*"remedy":"dep/,
    );
    assert.match(kill ?? '', /"CANNOT_FILL"/);
    const page = new URL('../../../shared/protocol/README.md', import.meta.url);
    const documented = await readFile(page, 'utf8');
    for (const { code, name, meaning } of resultTable()) {
      assert(help.stdout.includes(` ${code}  ${name}: ${meaning}\n`), name);
      assert(documented.includes(`| ${code} | \`${name}\` | ${meaning} |`), name);
    }
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
    assert(
      readme.includes('shared/protocol/README.md#result-codes'),
      'README.md has the way there',
    );
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

describe('dispute, asked two things at once', () => {
  it('does not answer one of them alone', async () => {
    for (const [line, words] of [
      [
        '--account a --other-account b --store S',
        /^--store is .* verify --account FILE --store DIR/,
      ],
      ['mine.jsonl --account a --other-account b', /^mine\.jsonl is not for --account: leave it/],
      ['--check e.json --store S', /^--store is not for --check: leave it away, or ask one thing/],
      ['--log a --other-log b --other-chain stark', /^--other-chain is not for --other-log: /],
      ['mine.jsonl --store S --other-chain stark', /^mine\.jsonl is not for --other-chain: /],
    ] as const) {
      assert.match(await refusal(dispute, line), words);
    }
  });
});

describe('dispute, of files that hold no receipts', () => {
  let dir = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-usage-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it('does not say that all is well', async () => {
    const path = join(dir, 'mine.jsonl');
    for (const [text, words] of [
      ['', /: no receipts; give a file that/],
      ['{"receipt":"ab\n{"certificate":"', /: no receipts, and 2 lines without an end; give/],
      ['receipt', /line 1: neither a receipt nor a certificate; give/],
    ] as const) {
      await writeFile(path, text);
      assert.match(await refusal(dispute, path), words);
    }
    assert.match(await refusal(dispute, `${path}.not`), /can't be read: there is no such file/);
  });

  it('is told as evidence what the file is', async () => {
    const path = join(dir, 'evidence.json');
    for (const [text, words] of [
      ['', /^NO EVIDENCE: EVIDENCE_FORMAT: the file is empty\n/],
      ['{"receipt":"ab"}\n{"receipt":"cd"}\n', /: the file holds receipts: leave --check away, /],
      ['receipts', /: the file is no JSON\n/],
    ] as const) {
      await writeFile(path, text);
      const { status, stdout } = await foldbook('dispute', '--check', path);
      assert.equal(status, 1);
      assert.match(stdout, words);
    }
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
