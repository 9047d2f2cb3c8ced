import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { platform } from 'node:process';
import { afterEach, describe, it } from 'node:test';
import { availableCores } from './affinity.ts';
import { nodeToBind, readTopology, topologyWords } from './topology.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function machine(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'topology-'));
  folders.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), `${text}\n`);
  }
  return root;
}

const cacheOf = (core: number, index: number, of: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(of).map(([name, text]) => [`cpu/cpu${core}/cache/index${index}/${name}`, text]),
  );

/** Two nodes with every second core each, of which core 5 does not run. */
const INTERLEAVED = {
  'cpu/online': '0-4,6-7',
  'cpu/isolated': '6-7',
  'node/online': '0-1',
  'node/node0/cpulist': '0,2,4,6',
  'node/node0/meminfo': 'Node 0 MemTotal:       1024 kB\nNode 0 MemFree: 3 kB',
  'node/node1/cpulist': '1,3,5,7',
  'node/node1/meminfo': 'Node 1 MemTotal:       2048 kB',
  'cpu/cpu0/topology/thread_siblings_list': '0,4',
  'cpu/cpu4/topology/thread_siblings_list': '0,4',
  ...cacheOf(0, 0, { level: '1', type: 'Data', size: '32K', shared_cpu_list: '0,4' }),
  ...cacheOf(0, 1, { level: '1', type: 'Instruction', size: '32K', shared_cpu_list: '0,4' }),
  ...cacheOf(0, 2, { level: '3', type: 'Unified', size: '32M', shared_cpu_list: '0,2,4,6' }),
  ...cacheOf(0, 3, { level: '2', type: 'Unified', size: '1024K', shared_cpu_list: '0,4' }),
};

describe('the topology of a machine', () => {
  it('one node', () => {
    const root = machine({
      'cpu/online': '0-1',
      'cpu/isolated': '',
      'node/online': '0',
      'node/node0/cpulist': '0-1',
      'node/node0/meminfo': 'Node 0 MemTotal:       4096 kB',
    });
    assert.deepEqual(readTopology(root), {
      cores: [
        { core: 0, node: 0, siblings: [0], caches: [] },
        { core: 1, node: 0, siblings: [1], caches: [] },
      ],
      nodes: [{ node: 0, cores: [0, 1], bytes: 4_194_304 }],
      isolated: [],
    });
    assert.equal(nodeToBind(readTopology(root), 1), undefined);
  });

  it('two nodes with interleaved cores, one of which does not run', () => {
    const topology = readTopology(machine(INTERLEAVED));
    assert(topology !== undefined);
    assert.deepEqual(
      topology.cores.map(({ core, node }) => [core, node]),
      [
        [0, 0],
        [1, 1],
        [2, 0],
        [3, 1],
        [4, 0],
        [6, 0],
        [7, 1],
      ],
    );
    assert.deepEqual(topology.nodes, [
      { node: 0, cores: [0, 2, 4, 6], bytes: 1_048_576 },
      { node: 1, cores: [1, 3, 7], bytes: 2_097_152 },
    ]);
    assert.deepEqual(topology.cores[0], {
      core: 0,
      node: 0,
      siblings: [0, 4],
      caches: [
        { level: 1, bytes: 32_768, cores: [0, 4] },
        { level: 2, bytes: 1_048_576, cores: [0, 4] },
        { level: 3, bytes: 33_554_432, cores: [0, 2, 4, 6] },
      ],
    });
    assert.deepEqual(topology.isolated, [6, 7]);
    assert.equal(nodeToBind(topology, 7), 1);
    assert.equal(nodeToBind(topology, 4), 0);
    assert.equal(nodeToBind(topology, 5), undefined);
    assert.equal(
      topologyWords(topology),
      '7 cores, node 0: 0,2,4,6, node 1: 1,3,7, 2 of them hyper-threads of others, ' +
        'last cache 32 MiB shared by 0,2,4,6, isolated: 6,7',
    );
  });

  it('a node of memory only, which no core is on', () => {
    const root = machine({
      'cpu/online': '0',
      'node/online': '0-1',
      'node/node0/cpulist': '0',
      'node/node1/cpulist': '',
    });
    const topology = readTopology(root);
    assert(topology !== undefined);
    assert.equal(nodeToBind(topology, 0), 0);
    assert.equal(topologyWords(topology), '1 core, node 0: 0, node 1: memory only');
  });

  it('a kernel without nodes', () => {
    const topology = readTopology(machine({ 'cpu/online': '0-1' }));
    assert.deepEqual(topology?.nodes, []);
    assert.equal(topology?.cores[1]?.node, undefined);
    assert.equal(nodeToBind(topology, 1), undefined);
  });

  it('no sysfs', () => {
    assert.equal(readTopology(join(tmpdir(), 'there-is-no-such-folder')), undefined);
    assert.equal(nodeToBind(undefined, 0), undefined);
  });

  it('this machine', { skip: platform !== 'linux' }, () => {
    const topology = readTopology();
    if (topology === undefined) return;
    const known = new Set(topology.cores.map(({ core }) => core));
    assert(availableCores().every((core) => known.has(core)));
  });
});
