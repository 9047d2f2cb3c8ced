/** What each byte of a statement and of a proof is (SPEC sections 7 and 10): for mutations. */

import { DIGEST_BYTES } from '../commit/tree-shape.ts';
import { DEGREE } from '../field/extension.ts';
import { layerShape } from '../fri/schedule.ts';
import { openingCounts, type PartShape } from '../proof/part-shape.ts';
import { ACCOUNT_COLUMNS } from '../statement/account-commitment.ts';

/** Bytes of one kind. */
export interface Span {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
  /** True if they are elements, four bytes a coefficient. */
  readonly isElements: boolean;
}

const ELEMENT_BYTES = 4 * DEGREE;

class Spans {
  readonly all: Span[] = [];
  #offset = 0;

  bytes(name: string, length: number): void {
    this.#add(name, length, false);
  }

  elements(name: string, bytes: number): void {
    this.#add(name, bytes, true);
  }

  #add(name: string, length: number, isElements: boolean): void {
    if (length > 0) this.all.push({ name, offset: this.#offset, length, isElements });
    this.#offset += length;
  }
}

export function statementSpans(): Span[] {
  const spans = new Spans();
  for (const [name, length] of [
    ...([
      ['magic', 4],
      ['version', 2],
      ['blowup', 1],
      ['queries', 1],
      ['grinding', 1],
    ] as const),
    ...([
      ['reserved', 3],
      ['AIR digest', 32],
      ['chain id', 32],
      ['market', 4],
    ] as const),
    ...([
      ['part', 4],
      ['epoch', 8],
      ['first index', 8],
      ['count', 4],
      ['height', 1],
    ] as const),
    ...([
      ['reserved', 3],
      ['record root', 32],
    ] as const),
  ] as const) {
    spans.bytes(name, length);
  }
  for (const side of ['before', 'after']) {
    spans.bytes(`height ${side}`, 1);
    spans.bytes(`reserved ${side}`, 3);
    spans.bytes(`root ${side}`, DIGEST_BYTES);
    spans.elements(`pinned ${side}`, ELEMENT_BYTES * ACCOUNT_COLUMNS);
  }
  return spans.all;
}

/** @returns those of the first query only, once: the others are like it */
export function proofSpans({ trees, tables, schedule }: PartShape): Span[] {
  const spans = new Spans();
  spans.bytes('magic', 4);
  spans.bytes('version', 2);
  spans.bytes('reserved', 2);
  for (const { name, shape } of trees.slice(0, -1)) spans.bytes(`cap ${name}`, shape.capBytes);
  spans.elements('sums', ELEMENT_BYTES * tables.length);
  spans.bytes('cap quotient', trees.at(-1)?.shape.capBytes ?? 0);
  for (const { table } of tables) {
    const { current, next } = openingCounts(table);
    spans.elements(`values ${table.name}`, ELEMENT_BYTES * current);
    spans.elements(`next values ${table.name}`, ELEMENT_BYTES * next);
  }
  schedule.layers.forEach((layer, i) => {
    spans.bytes(`cap layer ${i}`, layerShape(layer).capBytes);
  });
  spans.elements('final polynomial', ELEMENT_BYTES * schedule.finalCoefficients);
  spans.bytes('nonce', 8);
  for (const { name, shape } of trees) {
    for (const { columns } of shape.heights) spans.elements(`row ${name}`, 4 * columns);
    spans.bytes(`siblings ${name}`, shape.siblingBytes);
  }
  schedule.layers.forEach((layer, i) => {
    spans.elements(`values layer ${i}`, ELEMENT_BYTES * 2 ** layer.arityLog);
    spans.bytes(`siblings layer ${i}`, layerShape(layer).siblingBytes);
  });
  return spans.all;
}
