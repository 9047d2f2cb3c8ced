/**
 * Which partition a market is in. The broker decides it for every message, by `partition()` in its
 * mappings, and everybody else has to come to the same answer.
 */
import assert from 'node:assert/strict';

/** A venue has from 1 to so many, for good. */
export const MAX_PARTITIONS = 1_024;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * As nats-server computes `partition(count, 1)` of a subject's token: FNV-1a of 32 bits, modulo.
 * @param market - a name of a market: ASCII
 * @param count - of the venue, from 1 to `MAX_PARTITIONS`
 */
export function partitionOf(market: string, count: number): number {
  assert(Number.isInteger(count) && count >= 1 && count <= MAX_PARTITIONS, `${count} partitions`);
  let hash = FNV_OFFSET;
  for (let index = 0; index < market.length; index += 1) {
    hash = Math.imul(hash ^ market.charCodeAt(index), FNV_PRIME);
  }
  return (hash >>> 0) % count;
}

const inPartition = (count: number) => `{{partition(${count},1)}}`;

/**
 * What the broker has to map where, so that a message reaches the owner of its market's partition
 * and nobody else. Commands have a prefix of their own: a trader names both tokens of `cmd.*.*`,
 * and none of them may turn a command into a question or an order of an operator.
 */
export function brokerMappings(count: number): readonly (readonly [from: string, to: string])[] {
  assert(Number.isInteger(count) && count >= 1 && count <= MAX_PARTITIONS, `${count} partitions`);
  const to = inPartition(count);
  return [
    ['cmd.*.*', `in.${to}.{{wildcard(1)}}.{{wildcard(2)}}`],
    ['adm.*', `req.${to}.adm.{{wildcard(1)}}`],
    ['qry.*.*', `req.${to}.qry.{{wildcard(1)}}.{{wildcard(2)}}`],
    ['info.*', `req.${to}.info.{{wildcard(1)}}`],
    ['md.*.snapshot', `req.${to}.md.{{wildcard(1)}}.snapshot`],
    ['md.*.replay', `req.${to}.md.{{wildcard(1)}}.replay`],
  ];
}
