/** Who serves what, and when something moves: properties of what every node computes by itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Balancer, bestMove } from './node-balance.ts';
import type { ServiceState } from './node-link.ts';
import {
  assign,
  IDLE_LOAD,
  ownerOf,
  partitionWeight,
  planNode,
  preference,
  standbysOf,
} from './node-plan.ts';
import type { NodeState, VenueView } from './node-view.ts';

const OPTIONS = { standbys: 0, moveWithinMs: 30_000 };
const MARGIN = 0.15;

interface World {
  readonly capacities: readonly number[];
  readonly loads: readonly number[];
  /** Node of each partition; undefined: nobody's. */
  readonly owners: (number | undefined)[];
  readonly states?: readonly ServiceState[];
}

const nameOf = (node: number) => `node-${node}`;

function viewOf(world: World, wishes: VenueView['wishes'] = new Map()): VenueView {
  const { capacities, loads, owners } = world;
  const nodes = new Map<string, NodeState>();
  for (const [node, capacity] of capacities.entries()) {
    const runs = new Map(
      loads.flatMap((load, partition) =>
        owners[partition] === node ? [[partition, { state: 'serving' as const, load }]] : [],
      ),
    );
    nodes.set(nameOf(node), { name: nameOf(node), capacity, runs });
  }
  const held = owners.flatMap((node, partition) =>
    node === undefined ? [] : ([[partition, { node: nameOf(node), term: 1 }]] as const),
  );
  return { partitions: loads.length, nodes, owners: new Map(held), wishes };
}

const world = (most = 12): fc.Arbitrary<World> =>
  fc
    .record({
      capacities: fc.array(fc.constantFrom(0.5, 1, 2), { minLength: 1, maxLength: 5 }),
      loads: fc.array(fc.double({ min: 0, max: 0.9, noNaN: true }), {
        minLength: 1,
        maxLength: most,
      }),
    })
    .chain(({ capacities, loads }) =>
      fc.record({
        capacities: fc.constant(capacities),
        loads: fc.constant(loads),
        owners: fc.array(fc.option(fc.nat(capacities.length - 1), { nil: undefined }), {
          minLength: loads.length,
          maxLength: loads.length,
        }),
      }),
    );

/** With an owner for each partition. */
const settled = (most?: number) =>
  world(most).map(({ owners, ...rest }) => ({ ...rest, owners: owners.map((one) => one ?? 0) }));

function scores({ capacities, loads, owners }: World): number[] {
  return capacities.map((capacity, node) => {
    const weights = loads.map((load, at) => (owners[at] === node ? partitionWeight(load) : 0));
    return weights.reduce((sum, weight) => sum + weight, 0) / capacity;
  });
}

describe('the assignment of partitions', () => {
  it('gives each to one live node, and leaves what is served where it is', () => {
    fc.assert(
      fc.property(world(), (given) => {
        const view = viewOf(given);
        const assigned = assign(view);
        assert.equal(assigned.size, given.loads.length);
        for (const [partition, node] of assigned) {
          assert(view.nodes.has(node));
          const owner = ownerOf(view, partition);
          if (owner !== undefined) assert.equal(node, owner);
        }
      }),
    );
  });

  it('is run by exactly the nodes that it names, whoever computes it', () => {
    fc.assert(
      fc.property(world(), fc.nat(2), (given, standbys) => {
        const view = viewOf(given);
        const assigned = assign(view);
        const others = Math.min(standbys, given.capacities.length - 1);
        for (let partition = 0; partition < view.partitions; partition += 1) {
          const running = [...view.nodes.values()].filter((node) =>
            planNode(view, node, { ...OPTIONS, standbys }).run.has(partition),
          );
          assert.equal(running.length, 1 + others);
          assert(running.some(({ name }) => name === assigned.get(partition)));
        }
      }),
    );
  });

  it('moves none of what others serve when a node goes or comes', () => {
    fc.assert(
      fc.property(settled(), (given) => {
        const gone = given.owners.map((node) => (node === 0 ? undefined : node));
        const view = viewOf({ ...given, owners: gone });
        for (const [partition, node] of assign(view)) {
          const owner = gone[partition];
          if (owner !== undefined) assert.equal(node, nameOf(owner));
        }
      }),
    );
  });

  it('spreads what nobody has evenly over nodes that are alike', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 24 }),
        (nodes, count) => {
          const capacities = Array.from({ length: nodes }, () => 1);
          const loads = Array.from({ length: count }, () => 0);
          const assigned = assign(
            viewOf({ capacities, loads, owners: loads.map(() => undefined) }),
          );
          const counts = capacities.map(
            (_, node) => [...assigned.values()].filter((name) => name === nameOf(node)).length,
          );
          assert(Math.max(...counts) - Math.min(...counts) <= 1, String(counts));
        },
      ),
    );
  });

  it('keeps the standbys of a partition while nodes come that it likes less', () => {
    const view = viewOf({ capacities: [1, 1, 1, 1], loads: [0], owners: [0] });
    const [first] = standbysOf(view, 0, nameOf(0), 1);
    const others = [...view.nodes.keys()].filter((name) => name !== nameOf(0));
    const best = others.sort((one, other) => preference(0, other) - preference(0, one))[0];
    assert.equal(first, best);
  });
});

describe('a move', () => {
  const given = { capacities: [1, 1], loads: [0, 0], owners: [0, 0] };
  const wishes = new Map([[1, { to: nameOf(1), ageMs: 0, revision: 9 }]]);
  const withHeir = (state: ServiceState, ageMs = 0) => {
    const view = viewOf(given, new Map([[1, { to: nameOf(1), ageMs, revision: 9 }]]));
    const heir = view.nodes.get(nameOf(1));
    assert(heir);
    const nodes = new Map([
      ...view.nodes,
      [heir.name, { ...heir, runs: new Map([[1, { state, load: 0 }]]) }],
    ]);
    return { ...view, nodes };
  };
  const planOf = (view: VenueView, node: number) => {
    const self = view.nodes.get(nameOf(node));
    assert(self);
    return planNode(view, self, OPTIONS);
  };

  it('starts a process where it goes to, and hands over once that waits', () => {
    const view = viewOf(given, wishes);
    assert.deepEqual([...planOf(view, 1).run], [1]);
    assert.equal(planOf(view, 0).handOver.size, 0);
    assert.equal(planOf(withHeir('starting'), 0).handOver.size, 0);
    assert.deepEqual([...planOf(withHeir('waiting'), 0).handOver], [[1, nameOf(1)]]);
  });

  it('ends its wish when it is done, and when it can not be', () => {
    const done = viewOf({ ...given, owners: [0, 1] }, wishes);
    assert.deepEqual([...planOf(done, 1).clear], [1]);
    assert.deepEqual([...planOf(done, 0).clear], []);
    const late = withHeir('waiting', OPTIONS.moveWithinMs + 1);
    assert.deepEqual([...planOf(late, 0).clear], [1]);
    assert.equal(planOf(late, 0).handOver.size, 0);
    const nowhere = viewOf(given, new Map([[1, { to: 'nobody', ageMs: 0, revision: 9 }]]));
    assert.deepEqual([...planOf(nowhere, 0).clear], [1]);
  });

  it('that the owner does not live to make is where the partition goes', () => {
    const orphan = viewOf({ ...given, owners: [0, undefined] }, wishes);
    assert.equal(assign(orphan).get(1), nameOf(1));
  });

  it('leaves everything of a node that ends to whoever waits for it', () => {
    const view = withHeir('waiting');
    const self = view.nodes.get(nameOf(0));
    assert(self);
    const nodes = new Map([...view.nodes].filter(([name]) => name !== self.name));
    const plan = planNode({ ...view, nodes, wishes: new Map() }, self, OPTIONS);
    assert.deepEqual([...plan.handOver], [[1, nameOf(1)]]);
  });
});

describe('balancing by load', () => {
  it('brings nodes together by moves of which each helps, and comes to an end', () => {
    fc.assert(
      fc.property(settled(), (start) => {
        let now: World = start;
        const most = start.loads.length * 8;
        for (let moves = 0; ; moves += 1) {
          assert(moves <= most, 'it ends');
          const move = bestMove(viewOf(now), MARGIN);
          if (move === undefined) break;
          const before = Math.max(...scores(now));
          const to = Number(move.to.slice('node-'.length));
          const owners = now.owners.map((node, at) => (at === move.partition ? to : node));
          const [from, target] = [move.from, move.to].map((name) => Number(name.slice(5)));
          now = { ...now, owners };
          const after = scores(now);
          for (const node of [from, target]) assert((after[node ?? 0] ?? 0) < before);
        }
      }),
    );
  });

  it('leaves no two of several idle partitions more on one of two nodes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(12), (count, split) => {
        let owners: number[] = Array.from({ length: count }, (_, at) => Number(at >= split));
        const loads = owners.map(() => 0);
        for (;;) {
          const move = bestMove(viewOf({ capacities: [1, 1], loads, owners }), MARGIN);
          if (move === undefined) break;
          owners = owners.map((node, at) => (at === move.partition ? 1 - node : node));
        }
        const ones = owners.reduce((sum, node) => sum + node, 0);
        assert(Math.abs(count - 2 * ones) <= 1, `${ones} of ${count}`);
      }),
    );
  });

  it('does not send one busy partition to and fro', () => {
    const view = viewOf({ capacities: [1, 1], loads: [0.9], owners: [0] });
    assert.equal(bestMove(view, MARGIN), undefined);
    assert(IDLE_LOAD < MARGIN);
  });

  /** Turns of a second under loads that vary; returns the moves with their times. */
  function simulate(start: World, noise: readonly number[], turns: number) {
    const balancer = new Balancer({ margin: MARGIN, afterMs: 5_000, restMs: 60_000 });
    let owners = [...start.owners];
    const moves: { readonly atMs: number; readonly partition: number }[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      const atMs = turn * 1_000;
      const loads = start.loads.map((load, at) =>
        Math.max(0, load + (noise[(turn * 7 + at * 3) % noise.length] ?? 0)),
      );
      const move = balancer.due(viewOf({ ...start, loads, owners }), atMs);
      if (move === undefined) continue;
      const to = Number(move.to.slice(5));
      owners = owners.map((node, at) => (at === move.partition ? to : node));
      moves.push({ atMs, partition: move.partition });
    }
    return moves;
  }

  it('does not flap under loads that vary a little', () => {
    const noise = fc.array(fc.double({ min: -0.02, max: 0.02, noNaN: true }), {
      minLength: 11,
      maxLength: 40,
    });
    fc.assert(
      fc.property(settled(6), noise, (start, noise) => {
        const moves = simulate(start, noise, 2_000);
        const lastAt = new Map<number, number>();
        for (const { atMs, partition } of moves) {
          const before = lastAt.get(partition) ?? Number.NEGATIVE_INFINITY;
          assert(atMs - before >= 60_000, 'a partition that moved rests');
          lastAt.set(partition, atMs);
        }
        // A second visit may mend what was out of reach while others rested; more is to and fro.
        assert(moves.length <= 3 * start.loads.length, `${moves.length} moves`);
        assert(
          moves.every(({ atMs }) => atMs < 1_500_000),
          'and it comes to rest',
        );
      }),
    );
  });

  it('waits until nodes have been apart for a while, and starts anew after a move', () => {
    const balancer = new Balancer({ margin: MARGIN, afterMs: 5_000, restMs: 60_000 });
    const apart = viewOf({ capacities: [1, 1], loads: [0.4, 0.4], owners: [0, 0] });
    const alike = viewOf({ capacities: [1, 1], loads: [0.1, 0.1], owners: [0, 1] });
    assert.equal(balancer.due(apart, 0), undefined);
    assert.equal(balancer.due(apart, 4_999), undefined);
    assert.equal(balancer.due(alike, 5_000), undefined);
    assert.equal(balancer.due(apart, 6_000), undefined);
    // One of them moved, by a wish, and rests.
    assert.equal(balancer.due(apart, 10_999), undefined);
    const move = balancer.due(apart, 11_000);
    assert.equal(move?.partition, 0);
  });

  it('moves nothing while something moves, or has no owner', () => {
    const given = { capacities: [1, 1], loads: [0.4, 0.4, 0.1], owners: [0, 0, 1] };
    const wishes = new Map([[2, { to: nameOf(0), ageMs: 0, revision: 1 }]]);
    for (const view of [viewOf(given, wishes), viewOf({ ...given, owners: [0, 0, undefined] })]) {
      const balancer = new Balancer({ margin: MARGIN, afterMs: 0, restMs: 0 });
      assert.equal(balancer.due(view, 0), undefined);
      assert.notEqual(balancer.due(viewOf(given), 1), undefined);
    }
  });
});
