import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { OperatorClient } from '@foldbook/client';
import {
  Asset,
  diffStream,
  diffSubject,
  logStream,
  logSubject,
  RECORD_BYTES,
} from '@foldbook/protocol';
import { connectNats, JetStreamReader, type NatsTransport } from '@foldbook/runtime';
import { LocalCluster } from '../local-cluster.ts';
import { History } from './history.ts';
import { MarketProcess } from './market-process.ts';

const MARKET = 'M';
const ACCOUNT = 7;
const { signal } = new AbortController();

let dir: string;
let cluster: LocalCluster;
let transport: NatsTransport;

before(
  async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-history-'));
    cluster = await LocalCluster.start({ dir, servers: 1, isSynced: false });
    const [servers = ''] = cluster.servers;
    transport = await connectNats({ servers, name: 'test' });
    const config = { broker: { kind: 'nats', servers } };
    const market = new MarketProcess({ node: 'node-1', config, dir });
    await market.ready;
    const operator = new OperatorClient(transport, MARKET);
    await operator.createMarket(0, 0);
    await operator.deposit(ACCOUNT, Asset.BASE, 5n);
    await operator.withdraw(ACCOUNT, Asset.BASE, 2n);
    await market.stop();
  },
  { timeout: 60_000 },
);

after(async () => {
  await transport.close();
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

const read = () => History.read({ transport, partition: 0, accounts: [ACCOUNT], signal });

/** Puts a record behind what a stream has, as somebody would whom nothing keeps from it. */
async function forge(stream: string, subject: string, change: (record: Uint8Array) => void) {
  const reader = new JetStreamReader(transport, stream, signal);
  const last = await reader.last(subject);
  assert(last !== undefined);
  change(last.payload);
  await transport.request(subject, last.payload, 5_000);
}

// In this order: what is forged stays.
test('what a market wrote is as it must be', async () => {
  const history = await read();
  assert.deepEqual(history.violations, []);
  assert.equal(history.market(MARKET).engine.balance(ACCOUNT).baseAvailable, 3n);
  assert.equal(history.barriers.length, 1);
});

test('a claim of a command that the log does not have there', async () => {
  const history = await read();
  history.checkClaims(MARKET, [{ account: ACCOUNT, session: 0, requestId: 1n, logSequence: 2 }]);
  assert.match(history.violations.join(), /request 7\/0\/1 was acknowledged at 2, where the log/);
});

test('an order that was told, and that the log does not have', async () => {
  const history = await read();
  history.checkAccepted(MARKET, ACCOUNT, new Set([4n]));
  assert.match(history.violations.join(), /order 4 of 7 was accepted 0 times in the log/);
});

test('a settlement record that the log does not give', async () => {
  await forge(diffStream(0), diffSubject(0, MARKET), () => undefined);
  const { violations } = await read();
  assert.match(violations.join(), /DIFF_0: record \d+ names no writer/);
  assert.match(violations.join(), /DIFF_0: record \d+ \(diff.0.M\) follows/);
  assert.match(violations.join(), /is not what the log gives/);
});

test('a command that is in the log and in no output', async () => {
  await forge(logStream(0), logSubject(0, MARKET), (group) => {
    // Another request than the one that it is a copy of.
    group[RECORD_BYTES + 16] = (group[RECORD_BYTES + 16] ?? 0) ^ 1;
  });
  const { violations } = await read();
  assert.match(violations.join(), /LOG_0: record \d+ names no writer/);
});
