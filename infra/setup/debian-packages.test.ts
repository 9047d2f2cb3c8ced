import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSimulation, rewriteSources } from './debian-packages.ts';

test('stanzas of the own suite are rewritten, others dropped', () => {
  const text = `# mirror
Types: deb deb-src
# a comment inside
URIs: http://deb.example.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/k.gpg

Types: deb
URIs: http://deb.example.org/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://vendor.example.org/node
Suites: nodistro
Components: main
`;
  assert.equal(
    rewriteSources(text, 'sources', 'bookworm', ['bookworm', 'forky']),
    `Types: deb
URIs: http://deb.example.org/debian
Suites: bookworm forky
Components: main
Signed-By: /usr/share/keyrings/k.gpg`,
  );
});

test('one-line entries of the own suite are rewritten, others dropped', () => {
  const text = `# comment
deb [signed-by=/k.gpg arch=amd64] http://deb.example.org/debian bookworm main contrib
deb-src http://deb.example.org/debian bookworm main
deb http://deb.example.org/debian bookworm-updates main
deb http://security.example.org/debian-security bookworm-security main
deb https://vendor.example.org/docker bookworm stable
`;
  assert.equal(
    rewriteSources(text, 'list', 'bookworm', ['forky']),
    'deb [signed-by=/k.gpg arch=amd64] http://deb.example.org/debian forky main contrib',
  );
});

test("apt's simulation names what is missing, upgrades included", () => {
  const output = `Reading package lists...
The following NEW packages will be installed:
  libjemalloc2 redis-server
Inst libjemalloc2 (5.3.0-1 Debian:12.11/oldstable [amd64])
Inst libssl3 [3.0.1] (3.0.16-1~deb12u1 Debian:12.11/oldstable [amd64])
Inst redis-server (5:7.0.15-1 Debian:12.11/oldstable [amd64])
Conf libjemalloc2 (5.3.0-1 Debian:12.11/oldstable [amd64])
`;
  assert.deepEqual(parseSimulation(output), [
    'libjemalloc2=5.3.0-1',
    'libssl3=3.0.16-1~deb12u1',
    'redis-server=5:7.0.15-1',
  ]);
});
