// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What the router sees of a closed epoch. */
export interface LoadEpoch {
  readonly market: number;
  /** Since the load's beginning. */
  readonly closedMs: number;
  readonly records: number;
  /** With a net change. */
  readonly accounts: number;
}

/** Epochs of one or more markets as they closed, in order of time. */
export interface Load {
  readonly name: string;
  readonly epochs: readonly LoadEpoch[];
}

const FIELDS = 4;

const recordedSchema = z.strictObject({
  name: z.string(),
  /** How it was recorded. */
  flow: z.unknown(),
  /** Of each epoch: market, ms since the epoch before (of any market), records, accounts. */
  epochs: z.array(z.int().nonnegative()),
});

const RECORDED = new URL('./recorded-loads.jsonl', import.meta.url);

/** Loads that `foldbook bench router --record` made of the built-in flow. */
export function recordedLoads(): Load[] {
  const lines = readFileSync(RECORDED, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { name, epochs: fields } = recordedSchema.parse(JSON.parse(line));
    const epochs: LoadEpoch[] = [];
    let closedMs = 0;
    for (let at = 0; at < fields.length; at += FIELDS) {
      const [market = 0, gapMs = 0, records = 0, accounts = 0] = fields.slice(at, at + FIELDS);
      closedMs += gapMs;
      epochs.push({ market, closedMs, records, accounts });
    }
    return { name, epochs };
  });
}
