/** The brokers' configuration files that ship, as they are, read by a real server. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findServer } from '@foldbook/runtime/testing';
import { ROUTE_PINGS } from './local-cluster.ts';

const pathOf = (name: string) =>
  fileURLToPath(new URL(`../../../infra/docker/${name}`, import.meta.url));

const USERS = ['MARKET', 'PROVER', 'OPERATOR', 'AUDITOR', 'TRADER7', 'TRADER8'];
const PASSWORDS = Object.fromEntries(USERS.map((user) => [`${user}_PASSWORD`, 'pof-this-test']));
const ROUTES = Object.fromEntries(
  [1, 2, 3].map((n) => [`ROUTE_${n}`, `nats://route:pof-this-test@broker-${n}:6222`]),
);
const CLUSTER = { BROKER_NAME: 'broker-1', ROUTE_PASSWORD: 'pof-this-test', ...ROUTES };

/** What the server says against the file; empty if nothing. */
function trouble(name: string, env: Readonly<Record<string, string>>): string {
  const program = findServer('nats-server', 'FOLDBOOK_NATS_SERVER');
  const { PATH = '' } = process.env;
  const args = ['-t', '-c', pathOf(name)];
  const { status, stderr } = spawnSync(program, args, { env: { PATH, ...env }, encoding: 'utf8' });
  return status === 0 ? '' : `${status}: ${stderr}`;
}

describe("the brokers' files that ship", { timeout: 30_000 }, () => {
  it('are taken with the environment that the compose files give', () => {
    assert.equal(trouble('nats.conf', PASSWORDS), '');
    assert.equal(trouble('cluster.conf', { ...PASSWORDS, ...CLUSTER }), '');
  });

  it('are refused where a password is missing', () => {
    const { AUDITOR_PASSWORD: _, ...others } = PASSWORDS;
    assert.match(trouble('nats.conf', others), /AUDITOR_PASSWORD/);
    assert.match(trouble('cluster.conf', PASSWORDS), /variable reference .* can not be found/);
  });

  it('give up a dead line as early as the cluster of the checks does', () => {
    const text = readFileSync(pathOf('cluster.conf'), 'utf8');
    for (const setting of ROUTE_PINGS) assert(text.includes(`\n  ${setting}\n`), setting);
  });

  it('sync each write, as the services are told', () => {
    assert.match(readFileSync(pathOf('nats.conf'), 'utf8'), /^ {2}sync_interval: always$/m);
    for (const name of ['market.json', 'cluster-market.json', 'cluster-market-2.json']) {
      assert.equal(JSON.parse(readFileSync(pathOf(name), 'utf8')).broker.sync, 'always', name);
    }
  });
});
