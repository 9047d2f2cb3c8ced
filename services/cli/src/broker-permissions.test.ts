/**
 * The broker configuration that ships, tried against a real server: what a trader may do, and what
 * one who means harm can't.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  askBalance,
  askMarkets,
  askOwed,
  askProof,
  askVenueSupply,
  BookMirror,
  ClientError,
  OperatorClient,
  OrderClient,
} from '@foldbook/client';
import {
  Asset,
  adminSubject,
  commandSubject,
  dataFilter,
  dataSubject,
  diffStream,
  diffSubject,
  diffsFilter,
  diffTermSubject,
  encodeOwedAnswer,
  encodeProofStatus,
  infoSubject,
  levelsSubject,
  logStream,
  logSubject,
  proofFilter,
  proofSubject,
  querySubject,
  replaySubject,
  reportFilter,
  reportStream,
  reportSubject,
  Side,
  snapshotSubject,
} from '@foldbook/protocol';
import { connectNats, JetStreamStore, type NatsTransport } from '@foldbook/runtime';
import type { NatsServer } from '@foldbook/runtime/testing';
import { type ServiceProcess, startService } from './service-process.ts';
import { BARE, PASSWORD, startShippedBroker } from './testing/shipped-broker.ts';
import { until } from './testing/until.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const MARKET = 'BTC-USD';
const NOTHING = new Uint8Array(0);
const SELL = { side: Side.SELL, price: 100n, quantity: 1n } as const;
const PATIENCE_MS = 2_000;

describe('the broker configuration that ships', { timeout: 180_000 }, () => {
  let dir = '';
  let nats: NatsServer;
  let market: ServiceProcess;
  let operator: OperatorClient;
  let victim: OrderClient;
  const open: NatsTransport[] = [];
  const trouble: string[] = [];

  const connect = async (user: string, servers = nats.url) => {
    const transport = await connectNats({ servers, name: 'test', user, pass: PASSWORD });
    open.push(transport);
    return transport;
  };
  const startMarket = (servers = nats.url, user = 'market') =>
    startService('market', {
      config: {
        broker: { kind: 'nats', servers, user },
        receipts: { keyFile: join(dir, 'receipt.key') },
      },
      logDir: dir,
      onTrouble: (line) => trouble.push(line),
    });
  const trader = (transport: NatsTransport, account: number) =>
    OrderClient.open({
      transport,
      reports: { kind: 'durable', transport },
      market: MARKET,
      account,
    });
  /** The market lives, its outputs are whole, and it comes back from its log. */
  const expectHealthy = async () => {
    const told = new Promise((resolve) => {
      const stop = victim.onEvent((event) => {
        if (event.type !== 'funds') return;
        stop();
        resolve(event.amount);
      });
    });
    assert.equal((await operator.deposit(8, Asset.QUOTE, 3n)).type, 'funds');
    assert.equal(await told, 3n, 'trader 8 is told of its funds');
    assert.equal((await victim.place(SELL)).type, 'accepted');
    assert.equal(victim.gaps, 0);
    assert.equal(market.child.exitCode, null, trouble.join('\n'));
  };

  before(async () => {
    process.env.FOLDBOOK_PASSWORD = PASSWORD;
    dir = await mkdtemp(join(tmpdir(), 'foldbook-permissions-'));
    nats = await startShippedBroker();
    market = await startMarket();
    operator = new OperatorClient(await connect('operator'), MARKET);
    await operator.createMarket(0, 0);
    for (const account of [7, 8]) {
      await operator.deposit(account, Asset.BASE, 1_000n);
      await operator.deposit(account, Asset.QUOTE, 100_000n);
    }
    victim = await trader(await connect('trader8'), 8);
  });

  after(async () => {
    delete process.env.FOLDBOOK_PASSWORD;
    await victim?.close();
    for (const transport of open) await transport.close();
    await market?.stop();
    await nats?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const foldbook = (user: string, ...args: string[]) =>
    new Promise<string>((resolve, reject) => {
      const line = [MAIN, ...args, '--market', MARKET, '--nats', nats.url, '--user', user];
      execFile(process.execPath, line, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${args[0]}: ${stderr}`)),
      );
    });

  it('lets a trader do what traders do every day', async () => {
    const mine = ['--account', '7', '--json'];
    const placed = JSON.parse(await foldbook('trader7', 'order', 'sell', '5', '200', ...mine));
    assert.equal(placed.type, 'accepted');
    const name = `${placed.clientOrderId}`;
    const moved = await foldbook('trader7', 'replace', name, '6', '201', ...mine);
    assert.equal(JSON.parse(moved).type, 'replaced');
    assert.match(await foldbook('trader7', 'balance', ...mine), /"baseHeld":"?6/);
    assert.match(await foldbook('trader7', 'book'), /201/);
    assert.match(await foldbook('trader7', 'market', 'info'), /durability/);
    await foldbook('trader7', 'mirror', '--seconds', '1');
    const gone = await foldbook('trader7', 'cancel', name, ...mine);
    assert.equal(JSON.parse(gone).type, 'cancelled');

    const transport = await connect('trader7');
    const client = await trader(transport, 7);
    const mirror = new BookMirror(transport, MARKET, () => undefined);
    await mirror.open();
    const fills: bigint[] = [];
    client.onEvent((event) => event.type === 'fill' && fills.push(event.quantity));
    await victim.place(SELL);
    await client.place({ ...SELL, side: Side.BUY });
    assert.deepEqual(fills, [1n]);
    assert.deepEqual(await client.openOrders(), []);
    await until(() => mirror.counters.batches >= 2);
    mirror.close();
    await client.close();
  });

  it('lets an operator administrate, ask for any account, and compare a mirror', async () => {
    await foldbook('operator', 'deposit', 'base', '5', '--account', '7');
    await foldbook('operator', 'balance', '--account', '8');
    await foldbook('operator', 'mirror', '--seconds', '1', '--verify');
  });

  it('carries reports and deltas that are larger than what a trader may send', async () => {
    const [market, transport] = [await connect('market'), await connect('trader7')];
    const heard = new Promise<number>((resolve) => {
      transport.subscribe(levelsSubject('LARGE'), ({ payload }) => resolve(payload.byteLength));
    });
    await transport.flush();
    market.publish(levelsSubject('LARGE'), new Uint8Array(800_000));
    assert.equal(await heard, 800_000);
    const tooLarge = transport.request(commandSubject(MARKET, 7), new Uint8Array(300_000), 1_000);
    await assert.rejects(tooLarge, { code: 'TOO_LARGE' });
  });

  it('tells a trader at once what it may not do', async () => {
    const transport = await connect('trader7');
    const forbidden = [commandSubject(MARKET, 8), querySubject(MARKET, 8), adminSubject(MARKET)];
    forbidden.push(`in.0.${MARKET}.8`, `in.0.${MARKET}.7`, logSubject(0, MARKET), '$JS.API.INFO');
    for (const subject of forbidden) {
      const asked = transport.request(subject, NOTHING, PATIENCE_MS);
      await assert.rejects(asked, { code: 'NOT_PERMITTED' }, subject);
    }
    const isRefused = (error: unknown) => error instanceof ClientError && error.code === 'REFUSED';
    await assert.rejects(new OperatorClient(transport, MARKET).deposit(7, 0, 9n), isRefused);
    await assert.rejects(trader(transport, 8), isRefused);
    await assert.rejects(askBalance(transport, MARKET, 8), isRefused);
  });

  it('sends an answer to no subject but an inbox of who asked', async () => {
    const hostile = [await connect('trader7'), await connect(BARE)];
    const subjects = [commandSubject(MARKET, 7), querySubject(MARKET, 7), infoSubject(MARKET)];
    subjects.push(snapshotSubject(MARKET), replaySubject(MARKET), commandSubject(MARKET, 8));
    subjects.push('$JS.API.INFO', '$JS.API.STREAM.INFO.LOG_0', '$JS.API.STREAM.NAMES');
    const replies = [logSubject(0, MARKET), diffSubject(0, MARKET), reportSubject(0, 8, MARKET)];
    replies.push('_INBOX.*', '_INBOX.>', 'a..b', '*', commandSubject(MARKET, 8));
    replies.push(adminSubject(MARKET), '$JS.API.STREAM.DELETE.LOG_0', '_INBOX.market.x');
    for (const { connection } of hostile) {
      for (const subject of subjects) {
        for (const reply of replies) connection.publish(subject, NOTHING, { reply });
      }
    }
    for (const transport of hostile) await transport.flush();
    await operator.info();
    await expectHealthy();
  });

  it('lets nobody hear what another is told', async () => {
    const spy = await connect(BARE);
    const heard: string[] = [];
    const filters = ['>', '_INBOX.>', '_R_.>', '$JS.>', '$SYS.>', 'rpt.>', 'rpt.*.8.*', 'log.>'];
    for (const filter of [...filters, 'in.>', 'cmd.>', 'adm.*', 'qry.>', 'diff.>', '*.*.*']) {
      spy.connection.subscribe(filter, {
        callback: (error, { subject }) => void heard.push(error === null ? subject : 'refused'),
      });
    }
    await spy.flush();
    await expectHealthy();
    await victim.balance();
    await victim.openOrders();
    await operator.info();
    await until(() => heard.includes(levelsSubject(MARKET)));
    await spy.flush();
    const others = heard.filter(
      (subject) => !/^(md\.[^.]+\.(l2|trades)|rpt\.0\.7\.[^.]+)$/.test(subject),
    );
    assert.deepEqual(others, []);
    await spy.close();
  });

  it('lets nobody publish as another, as the market, or as the broker', async () => {
    const hostile = await connect(BARE);
    const client = await trader(hostile, 7);
    // The broker shows where the market waits for the acknowledgement of a report.
    const inboxes: string[] = [];
    hostile.connection.subscribe(reportFilter(7, '*'), {
      callback: (_, { reply }) => void inboxes.push(reply ?? ''),
    });
    await client.place({ ...SELL, price: 300n });
    await until(() => inboxes.some((inbox) => inbox.startsWith('_INBOX.market')));
    const forged = new TextEncoder().encode('{"stream":"RPT_0","seq":1000000}');
    for (const inbox of inboxes) hostile.connection.publish(inbox, forged);

    const mirror = new BookMirror(await connect('trader8'), MARKET, () => undefined);
    await mirror.open();
    const orders = (await victim.openOrders()).length;
    const subjects = [commandSubject(MARKET, 8), `in.0.${MARKET}.8`, adminSubject(MARKET)];
    subjects.push(logSubject(0, MARKET), reportSubject(0, 8, MARKET), diffSubject(0, MARKET));
    subjects.push(levelsSubject(MARKET), querySubject(MARKET, 8), `proof.${MARKET}.0`);
    subjects.push(`data.${MARKET}.0`);
    for (const subject of subjects) {
      hostile.connection.publish(subject, new Uint8Array(128));
      const asked = hostile.request(subject, new Uint8Array(128), PATIENCE_MS);
      await assert.rejects(asked, { code: 'NO_RESPONDERS' }, subject);
    }
    for (const what of ['INFO', 'STREAM.NAMES', 'STREAM.DELETE.LOG_0', 'STREAM.MSG.GET.RPT_0']) {
      const answer = await hostile.request(`$JS.API.${what}`, NOTHING, PATIENCE_MS).catch(String);
      assert.match(Buffer.from(answer).toString(), /not enabled for account|nobody answers/, what);
    }
    assert.equal((await victim.openOrders()).length, orders);
    await expectHealthy();
    assert.deepEqual([mirror.counters.gaps, mirror.counters.mismatches], [0, 0]);
    mirror.close();
    await client.close();
  });

  it('has left outputs that a market that starts again can go on with', async () => {
    await market.stop();
    market = await startMarket();
    await expectHealthy();
  });

  it('gives the prover the settlement stream, and nobody more than its part', async () => {
    const prover = await connect('prover');
    const store = new JetStreamStore(prover);
    const subjects = (await store.reader(diffStream(0)).lastOfEach(diffsFilter(0))).map(
      (r) => r.subject,
    );
    assert.deepEqual(subjects.sort(), [diffTermSubject(0), diffSubject(0, MARKET)]);
    await assert.rejects(store.reader(logStream(0)).lastSequence(), { code: 'NOT_PERMITTED' });
    await assert.rejects(store.reader(reportStream(0)).lastSequence(), { code: 'NOT_PERMITTED' });
    const [market, admin] = [await connect('market'), await connect('operator')];
    for (const [transport, subject] of [
      [prover, adminSubject(MARKET)],
      [prover, logSubject(0, MARKET)],
      [prover, '$JS.API.STREAM.DELETE.DIFF_0'],
      [admin, logSubject(0, MARKET)],
      [admin, commandSubject(MARKET, 7)],
      [admin, '$JS.API.STREAM.DELETE.LOG_0'],
      [market, '$JS.API.STREAM.DELETE.LOG_0'],
      [market, '$JS.API.STREAM.PURGE.LOG_0'],
      [market, commandSubject(MARKET, 7)],
      [market, querySubject(MARKET, 7)],
    ] as const) {
      const asked = transport.request(subject, NOTHING, PATIENCE_MS);
      await assert.rejects(asked, { code: 'NOT_PERMITTED' }, subject);
    }
    for (const transport of [prover, admin, market]) {
      const refused: string[] = [];
      for (const filter of ['>', '_INBOX.>', 'log.>']) {
        transport.subscribe(
          filter,
          () => undefined,
          ({ code }) => refused.push(code),
        );
      }
      await transport.flush();
      assert.deepEqual(refused, ['NOT_PERMITTED', 'NOT_PERMITTED', 'NOT_PERMITTED']);
    }
    await store.close();
    const mirror = new BookMirror(prover, MARKET, () => undefined);
    await assert.rejects(mirror.open(), { code: 'REFUSED' });
  });

  it('lets an auditor hold receipts against the log, and do nothing else', async () => {
    const file = join(dir, 'receipts.jsonl');
    await foldbook('trader7', 'order', 'buy', '1', '10', '--account', '7', '--receipts', file);
    const told = await foldbook('auditor', 'dispute', file, '--json');
    assert.match(told, /the log has its group/);
    for (const user of ['trader7', 'operator', 'prover']) {
      await assert.rejects(foldbook(user, 'dispute', file), /does not let this user/, user);
    }
    const auditor = await connect('auditor');
    const make = { stream_name: 'LOG_0', config: { deliver_subject: adminSubject(MARKET) } };
    for (const [subject, payload] of [
      ['$JS.API.CONSUMER.CREATE.LOG_0', Buffer.from(JSON.stringify(make))],
      ['$JS.API.CONSUMER.CREATE.LOG_0.mine', Buffer.from(JSON.stringify(make))],
      ['$JS.API.CONSUMER.LIST.LOG_0', NOTHING],
      ['$JS.API.STREAM.MSG.GET.RPT_0', NOTHING],
      ['$JS.API.STREAM.MSG.DELETE.LOG_0', NOTHING],
      ['$JS.API.STREAM.PURGE.LOG_0', NOTHING],
      [logSubject(0, MARKET), NOTHING],
      [commandSubject(MARKET, 7), NOTHING],
      [adminSubject(MARKET), NOTHING],
    ] as const) {
      const asked = auditor.request(subject, payload, PATIENCE_MS);
      await assert.rejects(asked, { code: 'NOT_PERMITTED' }, subject);
    }
    const refused: string[] = [];
    for (const filter of ['>', '_INBOX.>', 'log.>', 'rpt.>', 'md.*.l2']) {
      auditor.subscribe(
        filter,
        () => undefined,
        ({ code }) => refused.push(code),
      );
    }
    await auditor.flush();
    assert.deepEqual(refused, Array(5).fill('NOT_PERMITTED'));
  });

  it('carries questions for proofs to the prover, and its notices to traders', async () => {
    const prover = await connect('prover');
    prover.subscribe('proof.*', ({ subject, payload, reply }) => {
      if (reply === undefined) return;
      const { sequence } = JSON.parse(Buffer.from(payload).toString());
      const sequences = { sequenceFirst: sequence, sequenceLast: sequence };
      const hashes = { headerHash: '00'.repeat(32), rootNew: '00'.repeat(32) };
      const where = { level: 'settlement', path: 'X/0' };
      const proof = { epoch: 4, recordCount: 1, ...sequences, ...hashes, ...where };
      const market = subject.split('.')[1] ?? '';
      const status = { epochs: 5, provedTo: sequence, recordsBacklog: 0 };
      const isWell = { devKeys: true, stopped: null };
      prover.publish(reply, encodeProofStatus({ market, ...status, ...isWell, proof }));
    });
    prover.subscribe('owed.*.*', ({ subject, reply }) => {
      if (reply !== undefined) prover.publish(reply, encodeOwedAnswer(Buffer.from(subject)));
    });
    await prover.flush();
    for (const user of ['trader7', 'operator']) {
      const transport = await connect(user);
      const owed = Buffer.from(await askOwed(transport, MARKET, 7)).toString();
      assert.equal(owed, `owed.${MARKET}.7`);
      const heard: string[] = [];
      for (const filter of [proofFilter(MARKET), dataFilter(MARKET)]) {
        transport.subscribe(filter, ({ subject }) => heard.push(subject));
      }
      await transport.flush();
      const { provedTo, proof } = await askProof(transport, MARKET, 9);
      assert.deepEqual([provedTo, proof?.epoch], [9, 4]);
      prover.publish(dataSubject(MARKET, 4), NOTHING);
      prover.publish(proofSubject(MARKET, 4), NOTHING);
      await until(() => heard.length > 1);
      assert.deepEqual(heard.toSorted(), [dataSubject(MARKET, 4), proofSubject(MARKET, 4)]);
    }
  });

  it('lets markets pay each other, and an operator add up what they owe', async () => {
    const transport = await connect('operator');
    const [from, to] = ['X-USD', 'Y-USD'].map((name) => new OperatorClient(transport, name, 5));
    assert(from !== undefined && to !== undefined);
    for (const each of [from, to]) await each.createMarket(0, 0, { quoteSymbol: 'USD' });
    await from.deposit(7, Asset.QUOTE, 100n);
    await from.transfer({ account: 7, asset: Asset.QUOTE, amount: 60n, to: 'Y-USD' });
    const markets = await askMarkets(transport, 0);
    assert.deepEqual(markets?.toSorted(), [MARKET, 'X-USD', 'Y-USD']);
    await until(async () => (await askBalance(transport, 'Y-USD', 7)).quoteAvailable === 60n);
    const { faults, assets } = await askVenueSupply(transport, ['X-USD']);
    assert.deepEqual(faults, []);
    assert.equal(assets.find(({ symbol }) => symbol === 'USD')?.supply, 100n);
  });

  it('refuses who has no password', async () => {
    const attempt = connectNats({ servers: nats.url, name: 'test' });
    await assert.rejects(attempt, { code: 'CONNECT_FAILED' });
  });

  it('does not load with an import of what belongs to another', async () => {
    for (const [from, to] of [
      ['subject: "cmd.*.7"', 'subject: "cmd.*.8"'],
      ['subject: "cmd.*.7"', 'subject: "cmd.*.*"'],
      ['subject: "qry.*.7"', 'subject: "qry.*.8"'],
      ['subject: "rpt.*.7.*"', 'subject: "rpt.*.8.*"'],
      ['subject: "rpt.*.7.*"', 'subject: "rpt.>"'],
      ['subject: "info.*"', 'subject: "adm.*"'],
    ] as const) {
      await assert.rejects(startShippedBroker({ from, to }), /import not authorized/, to);
    }
  });

  it('ends a market that it keeps from hearing its commands', async () => {
    const broker = await startShippedBroker({ from: '"in.*.*.*", ', to: '' });
    try {
      const deaf = await startMarket(broker.url);
      assert.equal((await deaf.exited).status, 1);
      await until(() => trouble.some((line) => /can't go on.*subscribe to in\.0\./.test(line)));
    } finally {
      await broker.close();
    }
  });
});
