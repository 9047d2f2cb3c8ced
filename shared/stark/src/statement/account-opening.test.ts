import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainLevels, plainSiblings, plainTop, sampleTable } from '../testing/plain-rows.ts';
import {
  type AccountOpening,
  openAccount,
  openingFault,
  openingsConflict,
} from './account-opening.ts';
import { type OpenedRow, PlainTree, siblingCount } from './plain-tree.ts';

const IDS = [0, 1, 2, 5, 6, 9, 12];
const table = sampleTable(IDS);
const tree = new PlainTree(table);
const [TOP = new Uint8Array()] = plainLevels(table).at(-1) ?? [];
/** By the specification, not by the tree that opens. */
const root = plainTop(IDS.length, TOP);

function faultOf(account: number, change: (opening: AccountOpening) => Partial<AccountOpening>) {
  const opening = openAccount(tree, account);
  return openingFault({ ...opening, ...change(opening) }, root);
}

/** A row of the table at a place that it may not have, with the siblings of yet another one. */
function rowAs(place: number, siblingsOf = place): OpenedRow {
  return { ...tree.open(place), siblings: plainSiblings(table, siblingsOf) };
}

test('every account is shown with its row, or between the rows about it', () => {
  for (let account = 0; account <= 14; account++) {
    const opening = openAccount(tree, account);
    assert.equal(openingFault(opening, root), undefined, `account ${account}`);
    const place = IDS.findLastIndex((id) => id <= account);
    const isThere = IDS.includes(account);
    assert.deepEqual([opening.place, opening.rows], [place, IDS.length]);
    assert.equal(opening.row.id, IDS[place]);
    assert.equal(opening.next?.id, isThere ? undefined : IDS[place + 1]);
  }
});

test('a row that is there can be denied at no place', () => {
  for (const account of IDS.slice(2)) {
    const own = IDS.indexOf(account);
    for (let place = 0; place < IDS.length; place++) {
      const next = place + 1 < IDS.length ? tree.open(place + 1) : undefined;
      // With the row behind it, without it, and with one that is not its neighbour.
      const behind = tree.open(Math.min(place + 2, IDS.length - 1));
      const far = siblingCount(IDS.length, place + 1) === behind.siblings.length ? behind : next;
      for (const shown of [next, undefined, far]) {
        if (place === own && shown === undefined) continue;
        const opening = { place, row: tree.open(place), next: shown };
        assert.notEqual(
          faultOf(account, () => opening),
          undefined,
          `${account} at ${place}`,
        );
      }
    }
  }
});

test('rows that leave the account a place, or are none of it, are no opening', () => {
  // Account 7 is between 6 and 9, at places 4 and 5.
  assert.equal(
    faultOf(7, () => ({})),
    undefined,
  );
  assert.equal(
    faultOf(7, () => ({ next: undefined })),
    'rows',
  );
  assert.equal(
    faultOf(7, () => ({ row: tree.open(5), place: 5, next: tree.open(6) })),
    'rows',
  );
  assert.equal(
    faultOf(7, () => ({ row: tree.open(3), place: 3, next: tree.open(4) })),
    'rows',
  );
  assert.equal(
    faultOf(7, () => ({ row: tree.open(2), place: 2, next: tree.open(5) })),
    'path',
  );
  assert.equal(
    faultOf(6, ({ row }) => ({ next: row })),
    'rows',
  );
  assert.equal(
    faultOf(6, () => ({ row: tree.open(3), place: 3, next: tree.open(5) })),
    'path',
  );
  assert.equal(
    faultOf(14, () => ({ next: tree.open(6) })),
    'rows',
  );
  assert.equal(
    faultOf(14, () => ({ row: tree.open(5), place: 5, next: undefined })),
    'rows',
  );
});

test('a wrong place, count, balance or node is under another root', () => {
  const other = (row: OpenedRow, change: Partial<OpenedRow>): OpenedRow => ({ ...row, ...change });
  assert.equal(
    faultOf(5, ({ row }) => ({ row: other(row, { base: row.base + 1n }) })),
    'path',
  );
  assert.equal(
    faultOf(5, ({ row }) => ({ row: other(row, { quote: row.quote ^ 1n }) })),
    'path',
  );
  for (const [height, sibling] of tree.open(3).siblings.entries()) {
    const flipped = sibling.map((byte, index) => (index === 9 ? byte ^ 4 : byte));
    const siblings = tree.open(3).siblings.with(height, flipped);
    assert.equal(
      faultOf(5, ({ row }) => ({ row: other(row, { siblings }) })),
      'path',
    );
  }
  // Places 2, 3 and 4 have equally long ways up: to each other's side of their node.
  assert.equal(
    faultOf(5, () => ({ place: 2 })),
    'path',
  );
  assert.equal(
    faultOf(6, ({ row }) => ({ place: 3, row })),
    'path',
  );
  // So has each place in a table of eight.
  assert.equal(siblingCount(8, 3), siblingCount(7, 3));
  assert.equal(
    faultOf(5, () => ({ rows: 8, supply: tree.open(0) })),
    'path',
  );
  assert.equal(
    faultOf(5, () => ({ supply: rowAs(0, 1) })),
    'supply path',
  );
  assert.equal(
    faultOf(5, () => ({ supply: rowAs(1, 0) })),
    'supply path',
  );
  const { supply } = openAccount(tree, 5);
  const more = { ...supply, base: supply.base + 1n };
  assert.equal(
    faultOf(5, () => ({ supply: more })),
    'supply path',
  );
  assert.throws(() => faultOf(5, () => ({ rows: 3, place: 2 })), /3 siblings of 1/);
});

test('a lifted node stands for no row of its own, and a leaf for no node', () => {
  // The last of 7 leaves goes up as it is, beside that of places 4 and 5.
  const leaves = plainLevels(table)[0] ?? [];
  assert.deepEqual(plainLevels(table)[1]?.[3], leaves[6]);
  assert.equal(siblingCount(7, 6), 2);
  assert.equal(
    faultOf(12, () => ({})),
    undefined,
  );
  // Doubled, as trees of bad habits do it, it would have a sibling, itself.
  const [, ...upper] = plainSiblings(table, 5);
  const doubled = { ...tree.open(6), siblings: [leaves[6] ?? root, ...upper] };
  const rowsOf8 = { rows: 8, place: 6, row: doubled, supply: tree.open(0) };
  assert.equal(
    faultOf(12, () => rowsOf8),
    'path',
  );
  // A table of four rows that are nodes of this one has its top, under another count and key.
  const four = { rows: 4, place: 3, row: { ...tree.open(6), siblings: tree.open(6).siblings } };
  const supply = { ...tree.open(0), siblings: tree.open(0).siblings.slice(1) };
  assert.equal(siblingCount(4, 3), 2);
  assert.equal(
    faultOf(12, () => ({ ...four, supply })),
    'path',
  );
  // The same with the count left as it is signed does not have the length that the place asks for.
  const short = { row: tree.open(6), place: 3 };
  assert.throws(() => faultOf(12, () => short), /2 siblings of 3/);
});

/** Of a tree over rows that no table has, signed or not: what it says of an account. */
function faultUnder(ids: readonly number[], account: number): string | undefined {
  const forged = new PlainTree(sampleTable(ids));
  return openingFault(openAccount(forged, account), forged.root);
}

test('rows where rising ids cannot have them are no opening, whatever the root is', () => {
  assert.equal(faultUnder([0, 1, 2, 3], 3), undefined);
  // Every table has the fee account, at place 1.
  assert.equal(faultUnder([0, 5, 9], 1), 'rows');
  assert.equal(faultUnder([0, 5, 9], 5), 'rows');
  assert.equal(faultUnder([0, 5, 9], 7), 'rows');
  // The supply's row is the first one alone: a second one would be another supply.
  const twice = new PlainTree(sampleTable([0, 1, 0]));
  const second = { account: 0, rows: 3, place: 2, next: undefined };
  const opening = { ...second, row: twice.open(2), supply: twice.open(0) };
  assert.equal(openingFault(opening, twice.root), 'rows');
  // Three rows before an id leave it none below 3; those behind it need higher ones.
  assert.equal(faultUnder([0, 1, 2, 2], 2), 'rows');
  const most = 2 ** 24 - 1;
  assert.equal(faultUnder([0, 1, most - 1, most], most), undefined);
  assert.equal(faultUnder([0, 1, 2, most - 1, most, most], 3), 'rows');
  assert.equal(faultUnder([0, 1, most - 1, most, most], most - 2), 'rows');
});

type Shown = readonly [account: number, places: readonly number[]];

/** An opening of these places, of one for an account that is there; it holds by itself. */
function openAt(forged: PlainTree, [account, places]: Shown): AccountOpening {
  const [row, next] = places.map((place) => forged.open(place));
  const [place] = places;
  if (place === undefined || row === undefined) throw new Error('no place');
  const rows = forged.table.ids.length;
  const opening = { account, rows, place, row, next, supply: forged.open(0) };
  assert.equal(openingFault(opening, forged.root), undefined);
  return opening;
}

test('openings of one table agree, whichever two they are', () => {
  const openings = Array.from({ length: 15 }, (_, account) => openAccount(tree, account));
  for (const a of openings) for (const b of openings) assert(!openingsConflict(a, b));
});

test('openings that rising rows can not have both of name two of them', () => {
  for (const [ids, first, second, expected] of [
    // One account twice; rows out of order, so that one is there and is not.
    [
      [0, 1, 3, 3],
      [3, [2]],
      [3, [3]],
      [2, 3],
    ],
    [
      [0, 1, 5, 3],
      [3, [3]],
      [3, [1, 2]],
      [2, 3],
    ],
    [
      [0, 1, 5, 9, 4],
      [9, [3]],
      [9, [4]],
      [3, 4],
    ],
    // Two accounts, each with a row where it may be.
    [
      [0, 1, 5, 9, 4],
      [5, [2]],
      [4, [4]],
      [2, 4],
    ],
    // They rise, and there is a row more between them than ids.
    [
      [0, 1, 3, 9, 4],
      [3, [2]],
      [4, [4]],
      [2, 4],
    ],
    // It has no row by either, at two places.
    [
      [0, 1, 9, 3, 7],
      [4, [1, 2]],
      [4, [3, 4]],
      [2, 3],
    ],
  ] as const) {
    const forged = new PlainTree(sampleTable(ids));
    const [a, b] = [openAt(forged, first), openAt(forged, second)];
    for (const found of [openingsConflict(a, b), openingsConflict(b, a)]) {
      assert.deepEqual(
        found?.map(({ place, id }) => [place, id]),
        expected.map((place) => [place, ids[place]]),
        `${ids}`,
      );
    }
    assert.equal(openingsConflict(a, a), undefined);
  }
});
