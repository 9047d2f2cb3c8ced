import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Market } from './market-registry.ts';
import { bestMove, Placement, type PlacementOptions } from './placement.ts';

const SECOND_NS = 1e9;

function placed(options: Partial<PlacementOptions>, count: number) {
  const all = { hosts: 2, by: 'load', places: {}, rebalanceMs: 1_000, ...options } as const;
  const placement = new Placement(all, 0);
  const markets = Array.from({ length: count }, (_, index) => {
    const market = new Market(`M${index}`, index + 1, 0);
    placement.place(market);
    return market;
  });
  return { placement, markets };
}

const hostsOf = (markets: readonly Market[]) => markets.map(({ host }) => host);

describe('placement', () => {
  it('puts new markets on the hosts in turns', () => {
    assert.deepEqual(hostsOf(placed({ hosts: 3 }, 7).markets), [0, 1, 2, 0, 1, 2, 0]);
  });

  it('puts markets where they are said to be, which takes nobody’s turn', () => {
    const { markets } = placed({ hosts: 3, places: { M1: 2, M2: 2, toString: 1 } }, 5);
    assert.deepEqual(hostsOf(markets), [0, 2, 2, 1, 2]);
  });

  it('moves a market from the busiest host to the idlest', () => {
    const { placement, markets } = placed({}, 4);
    const busy = (...parts: number[]) => {
      for (const [index, part] of parts.entries()) {
        const market = markets[index];
        assert(market !== undefined);
        market.busyNs = part * SECOND_NS;
      }
    };
    busy(0.5, 0.05, 0.3, 0.05);
    assert.equal(placement.due(0.9 * SECOND_NS), undefined, 'too early to tell');
    const move = placement.due(SECOND_NS);
    assert.deepEqual([move?.market.name, move?.to], ['M2', 1]);
    assert.equal(placement.due(3 * SECOND_NS), undefined, 'what was measured counts once');
  });

  it('moves nothing by turns, and nothing that has a place', () => {
    for (const options of [{ by: 'round-robin' }, { places: { M0: 0, M1: 0, M2: 0 } }] as const) {
      const { placement, markets } = placed(options, 3);
      for (const market of markets) market.busyNs = market.host === 0 ? 0.4 * SECOND_NS : 0;
      assert.equal(placement.due(SECOND_NS), undefined);
    }
  });

  it('sends none to a host that had no memory for one, for a while', () => {
    const { placement, markets } = placed({ hosts: 3 }, 6);
    const dueAt = (second: number) => {
      for (const [index, market] of markets.entries())
        market.busyNs = [0.4, 0.1, 0][index % 3] ?? 0;
      for (const market of markets) market.busyNs *= SECOND_NS;
      return placement.due(second * SECOND_NS)?.to;
    };
    assert.equal(dueAt(1), 2, 'the idlest');
    placement.noteFull(2, SECOND_NS);
    assert.equal(dueAt(2), 1, 'the idlest of the others');
    placement.noteFull(1, 2 * SECOND_NS);
    assert.equal(dueAt(3), undefined);
    placement.noteFull(0, 3 * SECOND_NS);
    assert.equal(dueAt(4), undefined, 'there is nowhere to go');
    dueAt(199);
    assert.equal(dueAt(200), 2);
  });

  it('does not send one busy market to and fro', () => {
    const load = { market: 'A', host: 0, busyNs: 0.9, isFixed: false };
    assert.equal(bestMove([load], 2, 1), undefined);
  });

  it('brings loads closer together, or moves nothing (property)', () => {
    const load = fc.record({
      market: fc.nat(),
      host: fc.nat(3),
      busyNs: fc.double({ min: 0, max: 0.3, noNaN: true }),
      isFixed: fc.boolean(),
    });
    const gap = (loads: readonly { readonly host: number; readonly busyNs: number }[]) => {
      const busy = [0, 0, 0, 0];
      for (const { host, busyNs } of loads) busy[host] = (busy[host] ?? 0) + busyNs;
      return busy.toSorted((one, other) => other - one);
    };
    fc.assert(
      fc.property(fc.array(load, { maxLength: 12 }), (loads) => {
        const named = loads.map((each, market) => ({ ...each, market }));
        const move = bestMove(named, 4, 1);
        if (move === undefined) return;
        assert.equal(named[move.market]?.isFixed, false);
        const moved = named.map((each) =>
          each.market === move.market ? { ...each, host: move.to } : each,
        );
        const before = gap(named);
        const after = gap(moved);
        assert((after[0] ?? 0) <= (before[0] ?? 0) + 1e-9);
        const squares = (busy: readonly number[]) => busy.reduce((sum, each) => sum + each ** 2, 0);
        assert(squares(after) < squares(before));
      }),
    );
  });
});
