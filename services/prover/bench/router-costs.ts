// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Writes what the router's simulation draws from, of rows that `foldbook bench prove` gave:
 * foldbook bench prove --json --circuit batch-15,batch-240,accounts-4,accounts-16 \
 *   --backend fold,groth16 --workers 1,2 | node services/prover/bench/router-costs.ts
 * Each circuit by both back ends with one worker; two workers of any of them tell the contention.
 */
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { circuitNames } from '@foldbook/circuits';
import { z } from 'zod';
import { MEASURED, type MeasuredCosts, stepSchema } from '../src/router/simulation-world.ts';

const rowSchema = z.object({
  circuit: z.enum(circuitNames),
  backend: z.enum(['fold', 'groth16']),
  workers: z.int(),
  cpuMsPerRow: z.number().positive(),
  costs: z.object({ leaf: stepSchema, closing: stepSchema.optional() }),
});
type Row = z.infer<typeof rowSchema>;

const rows: Row[] = [];
for await (const line of createInterface({ input: process.stdin })) {
  const row = rowSchema.safeParse(JSON.parse(line));
  if (row.success) rows.push(row.data);
}

function rowOf(circuit: Row['circuit'], backend: Row['backend'], workers = 1): Row | undefined {
  return rows.find(
    (row) => row.circuit === circuit && row.backend === backend && row.workers === workers,
  );
}

/** How much more processor time a proof takes where two are made at once; the mean of them. */
function contention(): number {
  const ratios = rows.flatMap(({ circuit, backend, workers, cpuMsPerRow }) => {
    const alone = workers === 2 ? rowOf(circuit, backend)?.cpuMsPerRow : undefined;
    return alone === undefined ? [] : [cpuMsPerRow / alone];
  });
  if (ratios.length === 0) throw new Error('no rows of two workers');
  const logarithm = ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length;
  return Math.max(1, Number(Math.exp(logarithm).toFixed(3)));
}

function costsOf(circuit: Row['circuit'], backend: Row['backend']): Row['costs'] {
  const row = rowOf(circuit, backend);
  if (row === undefined) throw new Error(`no row of ${circuit} by ${backend} with one worker`);
  return row.costs;
}

const measured: MeasuredCosts = { contention: [1, contention()], groth16: {}, fold: {} };
for (const circuit of circuitNames) {
  const { leaf, closing } = costsOf(circuit, 'fold');
  if (closing === undefined) throw new Error(`${circuit}: folding has no closing step`);
  measured.fold[circuit] = { leaf, closing };
  measured.groth16[circuit] = costsOf(circuit, 'groth16').leaf;
}
writeFileSync(MEASURED, `${JSON.stringify(measured)}\n`);
