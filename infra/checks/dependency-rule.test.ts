import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDependencies, type Workspace } from './dependency-rule.ts';

const workspaces: Workspace[] = [
  { dir: 'shared/protocol', name: '@foldbook/protocol', dependencies: [] },
  { dir: 'shared/engine', name: '@foldbook/engine', dependencies: ['@foldbook/protocol'] },
  { dir: 'shared/runtime', name: '@foldbook/runtime', dependencies: ['nats'] },
  {
    dir: 'shared/verifier',
    name: '@foldbook/verifier',
    dependencies: ['@foldbook/protocol', '@foldbook/runtime', 'nats', 'snarkjs'],
  },
  {
    dir: 'services/market',
    name: '@foldbook/market',
    dependencies: ['@foldbook/engine', '@foldbook/prover', '@foldbook/circuits'],
  },
  {
    dir: 'services/prover',
    name: '@foldbook/prover',
    dependencies: ['snarkjs', '@foldbook/circuits'],
  },
  { dir: 'services/simulation', name: '@foldbook/simulation', dependencies: ['@foldbook/market'] },
  { dir: 'shared/novelty', name: '@foldbook/novelty', dependencies: ['@foldbook/protocol'] },
  { dir: 'circuits', name: '@foldbook/circuits', dependencies: ['snarkjs', '@foldbook/protocol'] },
];

const messagesFor = (path: string, text: string): string[] =>
  checkDependencies([{ path, text }], workspaces).map(({ line, message }) => `${line}: ${message}`);

test('imports along the order pass', () => {
  const allowed: [string, string][] = [
    ['shared/engine/src/a.ts', "import { x } from '@foldbook/protocol';"],
    ['shared/engine/src/a.test.ts', "import fc from 'fast-check';\nimport '@foldbook/runtime';"],
    ['services/market/src/a.ts', "import '@foldbook/engine';\nimport './b.ts';"],
    [
      'services/prover/src/a.ts',
      "import 'node:fs';\nimport 'snarkjs';\nimport '@foldbook/circuits';",
    ],
    ['services/simulation/src/a.ts', "import { Sequencer } from '@foldbook/market';"],
    ['circuits/src/a.ts', "import type { X } from '@foldbook/protocol';"],
    ['services/cli/bin/foldbook.mjs', "import '../../../infra/setup/project-node.mjs';"],
    ['infra/setup/a.ts', "import 'typescript';"],
  ];
  for (const [path, text] of allowed) assert.deepEqual(messagesFor(path, text), [], path);
});

test('planted breaches are found, with their line', () => {
  const planted: [string, string, RegExp][] = [
    ['shared/protocol/src/a.ts', "\nimport '@foldbook/engine';", /^2: .*imports nothing/],
    ['shared/engine/src/a.ts', "import '@foldbook/runtime';", /imports only protocol/],
    ['shared/engine/src/a.ts', "export * from '@foldbook/runtime';", /imports only protocol/],
    ['shared/engine/src/a.ts', "await import('@foldbook/runtime');", /imports only protocol/],
    ['shared/verifier/src/a.ts', "import type { T } from '@foldbook/runtime';", /must not import/],
    [
      'shared/verifier/src/a.ts',
      "import { connect } from 'nats';",
      /verifier must not import nats/,
    ],
    ['shared/verifier/src/a.ts', "import 'snarkjs';", /GPL-3.0/],
    ['shared/verifier/src/a.test.ts', "import 'snarkjs';", /GPL-3.0/],
    ['services/market/src/a.ts', "import '@foldbook/circuits';", /GPL-3.0/],
    ['services/market/src/a.ts', "import '@foldbook/prover';", /must not import a service/],
    ['services/market/src/a.test.ts', "import '@foldbook/prover';", /must not import a service/],
    ['services/market/src/a.ts', "import '@msgpack/msgpack';", /not declared/],
    ['services/market/src/a.ts', "import 'fast-check';", /not declared/],
    ['services/market/src/a.ts', "import '../../prover/src/b.ts';", /leaves services\/market/],
    ['services/market/src/a.ts', "import { join } from 'path';", /write node:path/],
    ['shared/novelty/src/a.ts', "import '@foldbook/protocol';", /no place in the dependency order/],
  ];
  for (const [path, text, expected] of planted) {
    const messages = messagesFor(path, text);
    assert.ok(
      messages.some((message) => expected.test(message)),
      `${path}: ${text} -> ${messages.join('; ')}`,
    );
  }
});
