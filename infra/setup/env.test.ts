import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addPasswords } from './env.mjs';

const ROOT = join(import.meta.dirname, '..', '..');
const USERS = ['docker-compose.yml', 'docker-compose.cluster.yml', 'infra/docker/nats.conf'];

function environmentFile(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-env-'));
  context.after(() => rmSync(dir, { recursive: true }));
  return join(dir, '.env');
}

test('passwords are made once, for their owner alone', (context) => {
  const file = environmentFile(context);
  const added = addPasswords(file);
  const text = readFileSync(file, 'utf8');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(text.match(/^[A-Z0-9]+_PASSWORD=p[0-9a-f]{36}$/gm)?.length, added.length);
  assert.deepEqual(addPasswords(file), []);
  assert.equal(readFileSync(file, 'utf8'), text);
});

test('a file from before a user was added gets that password, and keeps the others', (context) => {
  const file = environmentFile(context);
  writeFileSync(file, 'MARKET_PASSWORD=kept\n# Not these:\n#AUDITOR_PASSWORD=no\nX=1');
  const added = addPasswords(file);
  assert(added.includes('AUDITOR_PASSWORD') && !added.includes('MARKET_PASSWORD'));
  const lines = readFileSync(file, 'utf8').split('\n');
  assert.deepEqual(lines.slice(0, 4), [
    'MARKET_PASSWORD=kept',
    '# Not these:',
    '#AUDITOR_PASSWORD=no',
    'X=1',
  ]);
  assert.equal(lines.filter((line) => line.startsWith('AUDITOR_PASSWORD=p')).length, 1);
});

test('every password that the containers ask for is made, and passed to the broker', (context) => {
  const made = new Set(addPasswords(environmentFile(context)));
  const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
  for (const name of USERS) {
    const asked = [...read(name).matchAll(/\$\{?([A-Z0-9]+_PASSWORD)/g)].map((each) => each[1]);
    assert(asked.length > 0, name);
    // A service's own name for it, which the compose file fills from one of these.
    const passed = asked.filter((each) => !each?.startsWith('FOLDBOOK_'));
    for (const each of passed) assert(made.has(each ?? ''), `${name}: ${each}`);
  }
  const compose = read('docker-compose.yml');
  for (const [, name] of read('infra/docker/nats.conf').matchAll(/\$([A-Z0-9]+_PASSWORD)/g)) {
    assert(compose.includes(`      ${name}: \${${name}:?`), `the broker gets ${name}`);
  }
});
