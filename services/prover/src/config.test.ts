// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEFAULT_PARAMETERS, SMALL_PROOF_PARAMETERS } from '@foldbook/stark/verify';
import {
  ConfigError,
  parseAs,
  parseConfig,
  starkParameters,
  withoutSecret,
  withPassword,
  withSecrets,
  workerConfigSchema,
} from './config.ts';

const segment = { dataDir: '/data', source: { kind: 'segment', dir: '/data/streams' } };

function refuses(args: readonly string[], message: RegExp): void {
  assert.throws(
    () => parseConfig(args),
    (error) => error instanceof ConfigError && message.test(error.message),
  );
}

test('defaults are filled in', () => {
  const config = parseConfig(['--config-json', JSON.stringify(segment)]);
  assert.deepEqual(config, {
    ...segment,
    partition: 0,
    nice: 19,
    marketChains: {},
    stark: { blowup: 4, partRecords: 65_536 },
    circuits: ['batch-15', 'accounts-4'],
    backEnds: ['groth16'],
    accountProofs: true,
    router: { deadlineMs: 60_000, memoryBytes: 2 ** 32, verifier: 'any' },
  });
});

test('a STARK chain has the parameters of its blowup, or more queries', () => {
  const parametersOf = (stark: object) =>
    starkParameters(parseConfig(['--config-json', JSON.stringify({ ...segment, stark })]));
  assert.deepEqual(parametersOf({}), DEFAULT_PARAMETERS);
  assert.deepEqual(parametersOf({ blowup: 8 }), SMALL_PROOF_PARAMETERS);
  assert.deepEqual(parametersOf({ queries: 100 }), { ...DEFAULT_PARAMETERS, queries: 100 });
});

test('bad usage and bad values are named', () => {
  refuses([], /usage/);
  refuses(['--config', 'a', '--config-json', '{}'], /usage/);
  refuses(['--verbose'], /--verbose.*usage/);
  refuses(['--config', '/nowhere/prover.json'], /cannot read.*nowhere/);
  refuses(['--config-json', '{'], /not JSON/);
  refuses(['--config-json', JSON.stringify({ ...segment, workers: 0 })], /workers: none in this/);
  const circuits = (...names: string[]) => JSON.stringify({ ...segment, circuits: names });
  refuses(['--config-json', circuits('batch-15')], /circuits: name a circuit of batches and one/);
  refuses(['--config-json', circuits('batch-15', 'accounts-4', 'batch-15')], /named twice/);
  const none = JSON.stringify({ ...segment, markets: [] });
  refuses(['--config-json', none], /markets: name a market, or leave it away/);
  const folding = JSON.stringify({ ...segment, backEnds: ['folding'] });
  refuses(['--config-json', folding], /backEnds: .*name groth16/);
  const stark = (change: object) => JSON.stringify({ ...segment, stark: change });
  refuses(['--config-json', stark({ queries: 91 })], /stark\.queries: at blowup 4 at least 92/);
  refuses(['--config-json', stark({ blowup: 8, queries: 60 })], /at blowup 8 at least 61/);
  refuses(['--config-json', stark({ blowup: 2 })], /stark\.blowup: .*4.*8/);
  refuses(['--config-json', stark({ partRecords: 131_072 })], /stark\.partRecords/);
  refuses(['--config-json', JSON.stringify({ ...segment, chains: 'plonk' })], /chains/);
  const ofMarkets = (change: object) => JSON.stringify({ ...segment, marketChains: change });
  refuses(['--config-json', ofMarkets({ 'ACME-USD': 'plonk' })], /marketChains\.ACME-USD/);
  refuses(
    ['--config-json', ofMarkets({ 'acme usd': 'both' })],
    /marketChains\.acme usd: no market name$/,
  );
  refuses(['--config-json', JSON.stringify({ ...segment, wokers: 1 })], /wokers/);
  refuses(['--config-json', JSON.stringify({ ...segment, router: { verifier: 'me' } })], /router/);
});

test('an address that is refused is not repeated: it may hold a password', () => {
  const config = { ...segment, redisUrl: 'http://me:hunter2@redis' };
  assert.throws(
    () => parseConfig(['--config-json', JSON.stringify(config)]),
    (error: Error) => /redisUrl/.test(error.message) && !/hunter2/.test(error.message),
  );
});

test('passwords of the environment go where they belong', () => {
  const source = { kind: 'jetstream', servers: 'nats://nats:4222', user: 'prover' };
  const redisUrl = 'redis://redis:6379';
  const text = JSON.stringify({ dataDir: '/data', source, redisUrl });
  const secrets = { brokerPassword: 'p1', redisPassword: 'p 2' };
  const config = withSecrets(parseConfig(['--config-json', text]), secrets);
  assert.deepEqual(config.source, { ...source, pass: 'p1' });
  assert.equal(config.redisUrl, 'redis://:p%202@redis:6379');
  const embedded = withSecrets(parseConfig(['--config-json', JSON.stringify(segment)]), secrets);
  assert.deepEqual(embedded.source, segment.source);
  assert.equal(embedded.redisUrl, undefined);
});

test('a password and its address are put together and taken apart', () => {
  const bare = 'redis://me@redis:6379/2';
  for (const password of ['p 2', '100%', 'a%41', '@:/?#']) {
    assert.deepEqual(withoutSecret(withPassword(bare, password)), { url: bare, password });
  }
  assert.deepEqual(withoutSecret(bare), { url: bare, password: undefined });
});

test('the files that ship are taken', () => {
  for (const name of ['prover.json', 'cluster-prover.json']) {
    const file = fileURLToPath(new URL(`../../../infra/docker/${name}`, import.meta.url));
    const { source, healthFile } = parseConfig(['--config', file]);
    assert.equal(source.kind, 'jetstream', name);
    assert.equal(healthFile, '/tmp/well', name);
  }
  const worker = new URL('../../../infra/docker/prover-worker.json', import.meta.url);
  const { redisUrl } = parseAs(workerConfigSchema, ['--config', fileURLToPath(worker)]);
  assert.equal(redisUrl, 'redis://redis:6379');
});
