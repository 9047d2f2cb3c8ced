import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { parseWorkload } from './workload.ts';
import { generateWorkload, WORKLOADS, type WorkloadParameters } from './workload-generator.ts';

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** Digests of what the generator in C++ wrote with the same parameters. */
const PINNED: readonly [string, WorkloadParameters, string][] = [
  [
    'a short w1',
    { ...WORKLOADS.w1, prefill: 500, commands: 20_000, targetOrders: 500 },
    '077be22807045427cc648da55d3d35b1',
  ],
  [
    'a short w1-lit, which runs dry on one side',
    { ...WORKLOADS['w1-lit'], prefill: 500, commands: 20_000 },
    '51700c32ee29271307c88c42b27b0d0a',
  ],
  ['w1', WORKLOADS.w1, '8893d8b6acf5854988e00170d006a88e'],
  ['w1-lit', WORKLOADS['w1-lit'], '8e1140eb4826a778159a14d82b88e6a9'],
  ['w2-1', WORKLOADS['w2-1'], 'd961fbea88a1dd83cc642ed4c7aea316'],
  ['w2-100', WORKLOADS['w2-100'], 'f3c4cc6cb1d9d59c23a1028f57603acc'],
];

for (const [name, parameters, digest] of PINNED) {
  test(`${name} is the published one, byte for byte, and a sound file`, () => {
    const bytes = generateWorkload(parameters);
    assert.equal(md5(bytes), digest);
    const { prefill, commands, books } = parseWorkload(bytes, name, parameters.kind);
    assert.deepEqual({ prefill, commands, books }, pick(parameters));
  });
}

const pick = ({ prefill, commands, books }: WorkloadParameters) => ({ prefill, commands, books });
