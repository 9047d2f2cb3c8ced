/** Shared memory between processes of different users: needs root, which can become any of them. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { getuid, platform } from 'node:process';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { socketPath } from './shared-memory-door.ts';

const USER = fileURLToPath(new URL('./testing/shared-memory-user.ts', import.meta.url));
const isRoot = platform === 'linux' && getuid?.() === 0;
const LIMIT = { skip: isRoot ? false : 'only root on Linux can become others', timeout: 60_000 };
/** Users that need not exist. */
const [MARKET, TRADER, STRANGER] = [20_001, 20_002, 20_003];

function start(test: TestContext, ...args: (string | number)[]): ChildProcess {
  const child = fork(USER, args.map(String), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  test.after(() => child.kill('SIGKILL'));
  return child;
}

async function told(child: ChildProcess): Promise<string> {
  const [words] = await once(child, 'message');
  return String(words);
}

async function hears(child: ChildProcess, words: string): Promise<void> {
  while ((await told(child)) !== words);
}

/** A market of a user in a folder of its own, account 7 of which is the trader's. */
async function open(test: TestContext, uid: number) {
  const root = mkdtempSync('/dev/shm/foldbook-test-');
  test.after(() => rmSync(root, { recursive: true, force: true }));
  chownSync(root, uid, uid);
  chmodSync(root, 0o711);
  const folder = join(root, 'shared');
  const market = start(test, 'market', folder, uid, TRADER);
  assert.equal(await told(market), 'ready');
  const client = (account: number, user: number, marketUid?: number) => {
    const args = ['client', socketPath(folder, account), user];
    return start(test, ...args, ...(marketUid === undefined ? [] : [marketUid]));
  };
  return { folder, market, client, path: (account: number) => socketPath(folder, account) };
}

describe('shared memory between users', LIMIT, () => {
  it('the user of an account gets in, and no other one', async (test) => {
    const { folder, market, client, path } = await open(test, 0);
    assert.equal(statSync(folder).mode & 0o777, 0o711);
    const { mode, uid } = statSync(path(7));
    assert.deepEqual([mode & 0o777, uid], [0o600, TRADER]);
    const trader = client(7, TRADER);
    assert.equal(await told(trader), 'hello');
    assert.match(await told(client(7, STRANGER)), /user 20003 may not connect to .*account-7/);
    assert.match(await told(client(8, TRADER)), /user 20002 may not connect to .*account-8/);
    // It is not the file's permissions that decide.
    chmodSync(path(7), 0o666);
    const away = hears(market, `7: NOT_YOURS ${STRANGER}`);
    const refused = await told(client(7, STRANGER));
    assert.match(refused, /account-7 is for processes of user 20002, not of 20003/);
    await away;
    assert.match(await told(client(7, 0)), /for processes of user 20002, not of 0/);
    const lost = hears(market, '7: LOST');
    trader.kill('SIGKILL');
    await lost;
    assert.equal(await told(client(7, TRADER)), 'hello');
  });

  it('a market that is not root serves other users, who say that they trust it', async (test) => {
    const { client, path } = await open(test, MARKET);
    assert.equal(statSync(path(7)).mode & 0o777, 0o666);
    assert.equal(statSync(path(8)).mode & 0o777, 0o600);
    assert.match(await told(client(7, TRADER)), /is served by user 20001; .*marketUid: 20001/);
    assert.equal(await told(client(7, TRADER, MARKET)), 'hello');
    assert.match(await told(client(7, STRANGER, MARKET)), /for processes of user 20002/);
    assert.equal(await told(client(8, MARKET)), 'hello');
  });
});
