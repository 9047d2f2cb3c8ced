/** Receipts of a market whose owner is killed: those of both owners are of one chain. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { askInfo, OperatorClient, OrderClient, parseReceipts, ReceiptFile } from '@foldbook/client';
import { Asset, decodeReceipt, Side } from '@foldbook/protocol';
import { connectNats, loadSecretKey, SigningKey } from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { receiptOf } from '@foldbook/verifier/testing';
import { ownReceiptKeys } from './receipt-keys.ts';
import { startService } from './service-process.ts';
import { foldbook } from './testing/foldbook.ts';

const MARKET = 'BTC-USD';
const ORDER = { side: Side.BUY, price: 100n, quantity: 1n } as const;

describe('receipts of two owners', { timeout: 180_000 }, () => {
  it('are of one chain for who disputes, a lie of the second one too', async (test) => {
    const dir = await mkdtemp(join(tmpdir(), 'foldbook-owners-'));
    test.after(() => rm(dir, { recursive: true, force: true }));
    const nats = await startNatsServer();
    test.after(() => nats.close());
    // Each node has a key of its own; one operator certifies both.
    const start = async (node: string) => {
      const receipts = await ownReceiptKeys(join(dir, node), join(dir, 'operator', 'proofs'));
      const config = { node, hosts: 1, broker: { kind: 'nats', servers: nats.url }, receipts };
      const service = await startService('market', {
        ...{ config, logDir: join(dir, node), onTrouble: () => undefined },
      });
      test.after(() => service.stop());
      return service;
    };
    const first = await start('one');
    const coming = start('two');
    const transport = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => transport.close());
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    await operator.deposit(7, Asset.QUOTE, 1_000_000n);
    const { publicKey: operatorKey } = new SigningKey(
      await loadSecretKey(join(dir, 'operator', 'operator.key')),
    );
    const file = join(dir, 'receipts.jsonl');
    const store = await ReceiptFile.open(file);
    const client = await OrderClient.open({
      ...{ transport, market: MARKET, account: 7, resendAfterMs: 200 },
      ...{ reports: { kind: 'durable', transport }, receipts: { store, operatorKey } },
    });
    const place = async (times: number) => {
      for (let turn = 0; turn < times; turn += 1) {
        assert.equal((await client.place(ORDER)).type, 'accepted');
      }
      await client.received();
    };
    await place(3);
    const { term } = await askInfo(transport, MARKET);
    first.child.kill('SIGKILL');
    const through = place(3);
    await coming;
    await through;
    await client.close();
    await store.close();

    const operatorHex = Buffer.from(operatorKey).toString('hex');
    const kept = parseReceipts(await readFile(file, 'utf8'), file);
    const receipts = kept.receipts.map((bytes) => {
      const read = decodeReceipt(bytes);
      assert(read.ok);
      return read.value;
    });
    const early = receipts.filter((receipt) => receipt.term === term);
    const late = receipts.filter((receipt) => receipt.term > term);
    assert.deepEqual([early.length, late.length, kept.certificates.length], [3, 3, 2]);
    const dispute = async (status: number, ...args: string[]) => {
      const ran = await foldbook('dispute', ...args, '--operator', operatorHex, '--json');
      assert.equal(ran.status, status, `${ran.stdout}${ran.stderr}`);
      return ran.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    const lines = await dispute(0, file, '--nats', nats.url);
    assert.equal(lines.length, 7);
    for (const { words, certified } of lines.slice(0, 6)) {
      assert.deepEqual([words.startsWith('the log has its group'), certified], [true, true]);
    }
    // The second owner says that what the first one receipted was another group.
    const [told] = early;
    assert(told !== undefined);
    const secret = await loadSecretKey(join(dir, 'two', 'receipt.key'));
    const lies = join(dir, 'lies.jsonl');
    const liar = await ReceiptFile.open(lies);
    for (const certificate of kept.certificates) await liar.keep('certificate', certificate);
    await liar.keep('receipt', receiptOf({ ...told, head: new Uint8Array(32) }, secret).bytes);
    await liar.close();
    const [found] = await dispute(1, file, lies, '--out', join(dir, 'evidence'));
    assert.equal(found.verdict, 'contradicted');
    const [evidence] = await dispute(0, '--check', found.evidence);
    assert.equal(evidence.against, 'signed');
  });
});
