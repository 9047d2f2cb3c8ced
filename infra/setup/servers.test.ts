import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { mustRun } from './commands.ts';
import { dockerRunner, parseServerVersion } from './servers.ts';

test('versions are read from what the programs print', () => {
  assert.equal(parseServerVersion('nats-server: v2.15.1\n'), '2.15.1');
  assert.equal(
    parseServerVersion('Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc'),
    '7.0.15',
  );
  assert.equal(parseServerVersion('command not found'), undefined);
});

test('the container script passes arguments and folders on to docker', async (context) => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'foldbook-docker-')));
  context.after(() => rmSync(dir, { recursive: true }));
  const script = join(dir, 'run');
  const fake = join(dir, 'docker');
  writeFileSync(script, dockerRunner('nats-server', 'nats:2.12-alpine'));
  writeFileSync(fake, '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  for (const path of [script, fake]) chmodSync(path, 0o755);
  const env = { ...process.env, PATH: `${dir}${delimiter}${process.env.PATH}`, TMPDIR: '/tmp/x y' };
  const output = await mustRun(script, ['-js', '-sd', '/tmp/x y/data'], { env, cwd: dir });
  const args = output.trimEnd().split('\n');
  assert.deepEqual(args.slice(-4), ['nats:2.12-alpine', '-js', '-sd', '/tmp/x y/data']);
  assert.ok(args.includes('/tmp/x y:/tmp/x y'), output);
  assert.ok(args.includes(`${dir}:${dir}`), output);
  assert.equal(args[args.indexOf('--network') + 1], 'host');
});
