/**
 * Receipts from end to end: an embedded node with a prover signs epochs, a client keeps receipts of
 * its orders, and `dispute` holds the two against each other and against the log.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OperatorClient, OrderClient, parseReceipts, ReceiptFile } from '@foldbook/client';
import { Asset, decodeReceipt, type Receipt, Side } from '@foldbook/protocol';
import { SegmentStore } from '@foldbook/runtime';
import { receiptOf } from '@foldbook/verifier/testing';
import { startEnvironment } from './demo/environment.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const MARKET = 'DEMO';

type Line = Readonly<Record<string, unknown>>;

describe('receipts and disputes', { timeout: 240_000 }, () => {
  let dir = '';
  let data = '';
  let file = '';
  let store = '';
  let log = '';

  const foldbook = (...args: string[]): Promise<{ status: number; lines: Line[]; out: string }> =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [MAIN, ...args, '--json'], (_, stdout, stderr) => {
        const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
        const out = `${stdout}${stderr}`;
        const parsed = lines.map((line) => JSON.parse(line));
        resolve({ status: child.exitCode ?? -1, lines: parsed, out });
      });
    });
  const dispute = async (status: number, ...args: string[]) => {
    const ended = await foldbook('dispute', ...args, '--out', join(dir, 'evidence'));
    assert.equal(ended.status, status, ended.out);
    return ended.lines;
  };
  const verdicts = (lines: readonly Line[]) =>
    lines.filter(({ key }) => key !== undefined).map(({ verdict, epoch }) => [verdict, epoch]);
  const receipts = async (): Promise<Receipt[]> =>
    parseReceipts(await readFile(file, 'utf8'), file).receipts.map((bytes) => {
      const read = decodeReceipt(bytes);
      assert(read.ok);
      return read.value;
    });
  /** A copy of the log in which one group is another one. */
  const alteredLog = async (logSequence: number): Promise<string> => {
    const copies = await mkdtemp(join(dir, 'altered-'));
    const from = new SegmentStore({ dir: join(data, 'streams') });
    const to = new SegmentStore({ dir: copies });
    const writer = await to.writer('LOG_0', ['log.>']);
    for await (const record of from.reader('LOG_0').read({ fromSequence: 1, follow: false })) {
      const payload = new Uint8Array(record.payload);
      // The price of its first order.
      if (record.sequence === logSequence) payload[64 + 32] = 99;
      await writer.append(record.subject, payload);
    }
    await to.close();
    await from.close();
    return join(copies, 'LOG_0');
  };

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-dispute-'));
    data = join(dir, 'data');
    store = join(data, 'proofs');
    log = join(data, 'streams', 'LOG_0');
    file = join(dir, 'receipts.jsonl');
    const environment = await startEnvironment({
      ...{ dataDir: data, broker: undefined, workers: 1, epochs: 1 },
      ...{ epochRecords: 240, chain: 'poseidon' },
      ...{
        signal: new AbortController().signal,
        onTrouble: assert.fail,
        onProved: () => undefined,
      },
    });
    const { transport, reports } = environment;
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    for (const account of [7, 8]) await operator.deposit(account, Asset.QUOTE, 1_000_000n);
    const kept = await ReceiptFile.open(file);
    const operatorKey = await publicOperatorKey();
    const client = await OrderClient.open({
      ...{ transport, reports: reports(), market: MARKET, account: 7 },
      receipts: { store: kept, operatorKey },
    });
    const place = async (price: bigint) => {
      await client.place({ side: Side.BUY, price, quantity: 1n });
      await client.received();
    };
    for (const price of [10n, 11n]) await place(price);
    await operator.closeEpoch();
    await place(12n);
    await environment.epochsProved(1);
    await client.close();
    await kept.close();
    await environment.stop(false);
  });

  after(() => rm(dir, { recursive: true, force: true }));

  /** Made with the node, before its prover runs. */
  async function publicOperatorKey(): Promise<Uint8Array> {
    const certificate = await readFile(join(data, 'receipt.certificate'), 'utf8');
    return new Uint8Array(Buffer.from(certificate.trim(), 'hex').subarray(48, 80));
  }
  /** What accepted evidence holds a receipt against. */
  const provenAgainst = async (evidence: string) => {
    const operator = Buffer.from(await publicOperatorKey()).toString('hex');
    const checked = await foldbook('dispute', '--check', evidence, '--operator', operator);
    assert.equal(checked.status, 0, checked.out);
    return checked.lines[0]?.against;
  };

  it('finds true receipts consistent with their epoch, or not covered yet', async () => {
    const lines = await dispute(0, file, '--store', store, '--log', log);
    assert.deepEqual(verdicts(lines), [
      ['consistent', 0],
      ['consistent', 0],
      ['not-covered', null],
    ]);
    assert(lines.slice(0, 3).every(({ certified }) => certified === true));
    assert.equal(lines.at(-1)?.ok, true);
    const alone = await dispute(0, file, '--store', store);
    assert.deepEqual(
      verdicts(alone).map(([verdict]) => verdict),
      ['undecided', 'undecided', 'not-covered'],
    );
    assert.deepEqual(await dispute(0, '--log', log, '--other-log', log), [{ ok: true }]);
  });

  it('finds a log that was altered, and writes evidence of it', async () => {
    const [first, , last] = await receipts();
    assert(first !== undefined && last !== undefined);
    const altered = await alteredLog(first.logSequence);
    const lines = await dispute(1, file, '--log', altered);
    assert.equal(lines[0]?.verdict, 'contradicted');
    const evidence = String(lines[0]?.evidence);
    assert.equal(await provenAgainst(evidence), 'log');
    // With the epochs at hand: the receipts and the signed head agree, the log is wrong.
    const known = await dispute(1, file, '--store', store, '--log', altered);
    assert.deepEqual(verdicts(known).slice(0, 2), [
      ['consistent', 0],
      ['consistent', 0],
    ]);
    assert.match(String(known.find(({ logDisagrees }) => logDisagrees)?.logDisagrees), /epoch 0/);
    const behind = await dispute(
      1,
      file,
      '--store',
      store,
      '--log',
      await alteredLog(last.logSequence),
    );
    assert.deepEqual(verdicts(behind)[2], ['contradicted', null]);
    const [differ] = await dispute(1, '--log', log, '--other-log', altered);
    assert.equal(differ?.at, first.logSequence);
  });

  it('finds an owner who signed another group, with evidence that stands by itself', async () => {
    const [first, second] = await receipts();
    assert(first !== undefined && second !== undefined);
    const secret = Buffer.from((await readFile(join(data, 'receipt.key'), 'utf8')).trim(), 'hex');
    const lie = receiptOf({ ...second, head: new Uint8Array(32).fill(1) }, secret);
    const line = (name: string, bytes: Uint8Array) =>
      `${JSON.stringify({ [name]: Buffer.from(bytes).toString('hex') })}\n`;
    const certificate = (await readFile(join(data, 'receipt.certificate'), 'utf8')).trim();
    const lies = join(dir, 'lies.jsonl');
    const certified = line('certificate', Buffer.from(certificate, 'hex'));
    await writeFile(lies, certified + line('receipt', lie.bytes));
    const lines = await dispute(1, lies, '--store', store, '--log', log);
    assert.deepEqual(verdicts(lines), [['contradicted', 0]]);
    const both = await dispute(1, lies, file);
    assert(both.some(({ verdict, evidence }) => verdict === 'contradicted' && evidence !== null));
    const found = [...lines, ...both].flatMap(({ evidence }) => evidence ?? []);
    assert.equal(found.length, 2);
    for (const evidence of found.map(String)) {
      assert.equal(await provenAgainst(evidence), 'signed');
      const text = await readFile(evidence, 'utf8');
      const changed = text.replace(/[0-9a-f]{100}/, (digits) => `${digits.slice(0, 98)}ff`);
      await writeFile(evidence, changed);
      assert.equal((await foldbook('dispute', '--check', evidence)).status, 1);
    }
    // Anybody may have signed it: told, and no evidence against the operator.
    await writeFile(lies, line('receipt', lie.bytes));
    const [alone] = await dispute(1, lies, '--store', store, '--log', log);
    assert.deepEqual(
      [alone?.verdict, alone?.certified, alone?.evidence],
      ['contradicted', false, null],
    );
    assert.match(String(alone?.words), /no evidence is written/);
    await writeFile(lies, line('receipt', lie.bytes.with(96, 7)));
    const forged = await dispute(1, lies);
    assert.equal(forged[0]?.verdict, 'forged');
  });

  it('holds a receipt against the log of its own partition only', async () => {
    const secret = Buffer.from((await readFile(join(data, 'receipt.key'), 'utf8')).trim(), 'hex');
    const [first] = await receipts();
    assert(first !== undefined);
    const elsewhere = receiptOf({ ...first, partition: 1 }, secret);
    const other = join(dir, 'elsewhere.jsonl');
    const hex = Buffer.from(elsewhere.bytes).toString('hex');
    await writeFile(other, `${JSON.stringify({ receipt: hex })}\n`);
    const lines = await dispute(0, other, '--log', log);
    assert.deepEqual(verdicts(lines), [['not-covered', null]]);
    // The same place of the market in two logs.
    assert.equal((await dispute(1, other, file))[0]?.verdict, 'contradicted');
  });

  it('tells a log that ends too soon, and refuses what it is not given', async () => {
    const copy = join(dir, 'copy');
    await cp(log, copy, { recursive: true });
    const [first] = await receipts();
    assert(first !== undefined);
    const to = new SegmentStore({ dir: join(dir, 'short') });
    const writer = await to.writer('LOG_0', ['log.>']);
    const from = new SegmentStore({ dir });
    for await (const record of from.reader('copy').read({ fromSequence: 1, follow: false })) {
      if (record.sequence < first.logSequence) await writer.append(record.subject, record.payload);
    }
    await to.close();
    await from.close();
    const lines = await dispute(1, file, '--log', join(dir, 'short', 'LOG_0'));
    assert.deepEqual(
      verdicts(lines).map(([verdict]) => verdict),
      ['missing', 'missing', 'missing'],
    );
    const nowhere = join(dir, 'nowhere');
    const partition = [file, '--log', log, '--partition', '1'];
    for (const args of [[], [file], [nowhere], [file, '--log', nowhere], partition]) {
      assert.equal((await foldbook('dispute', ...args)).status, 2, args.join(' '));
    }
    const key = Buffer.from(first.publicKey).toString('hex');
    const [operator, out] = [join(data, 'operator.key'), join(dir, 'certificate')];
    const certify = ['keys', 'certify', key, '--operator-key', operator, '--out', out];
    assert.equal((await foldbook(...certify)).status, 0);
    assert.equal((await readFile(out, 'utf8')).trim().length, 288);
  });
});
