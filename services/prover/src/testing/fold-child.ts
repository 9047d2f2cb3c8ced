// SPDX-License-Identifier: GPL-3.0-or-later
/** Folds batches until somebody kills it: node fold-child.ts DIR BATCHES. Tests only. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foldFiles, loadFoldedCircuit } from '../fold/fold-circuit.ts';
import { FoldPool } from '../fold/fold-pool.ts';
import { batchJobs, plansOf } from './fold-jobs.ts';

const [dir = '', count = '1'] = process.argv.slice(2);
const circuit = await loadFoldedCircuit('batch-15');
const files = foldFiles(circuit, join(dir, 'batch-15.shape'));
await mkdir(dir, { recursive: true });
await writeFile(files.shapeFile, circuit.keyBytes);
const pool = new FoldPool(1);
await pool.fold(files, plansOf(batchJobs(15, Number(count))), {
  dir: join(dir, 'run'),
  chunkLeaves: 2,
  onNode: (first, leaves) => process.stdout.write(`${first} ${leaves}\n`),
});
await pool.close();
