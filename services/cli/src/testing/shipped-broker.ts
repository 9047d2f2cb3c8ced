/** A real server with the broker configuration that ships, for tests of what it allows. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';

const CONFIG = new URL('../../../../infra/docker/nats.conf', import.meta.url);
export const PASSWORD = 'password-of-this-test';

/** A user of trader 7's account without permissions of its own: it may do what the account may. */
export const BARE = 'bare7';

/** The file's accounts; addresses and folders are the test server's own. */
export async function shippedAccounts(): Promise<string> {
  const text = await readFile(CONFIG, 'utf8');
  const accounts = text.slice(text.indexOf('\naccounts {'));
  const trader = '{ user: trader7,';
  assert(accounts.includes(trader), 'the account of trader 7');
  return accounts
    .replaceAll(/\$[A-Z0-9]+_PASSWORD/g, `"${PASSWORD}"`)
    .replace(trader, `{ user: ${BARE}, password: "${PASSWORD}" }\n      ${trader}`);
}

/** `change`: another configuration than the shipped one, that differs from it in one point. */
export async function startShippedBroker(change?: {
  readonly from: string;
  readonly to: string;
}): Promise<NatsServer> {
  const config = await shippedAccounts();
  if (change === undefined) return startNatsServer({ config });
  assert(config.includes(change.from), `the configuration has ${change.from}`);
  return startNatsServer({ config: config.replace(change.from, change.to) });
}
