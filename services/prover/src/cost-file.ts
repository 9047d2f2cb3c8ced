// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The router's averages in a file beside the stores, so that a prover that starts again need not
 * find out anew what proofs cost. They are measurements of this machine and nothing depends on
 * them but choices: a file that is damaged, or of another version, is ignored and written anew.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { circuitNames, pinnedDigests } from '@foldbook/circuits';
import type { Logger } from '@foldbook/runtime';
import { airDigest, MAX_LOG_ACCOUNTS, MAX_PART_RECORDS } from '@foldbook/stark/verify';
import { BackEnd, bytesToHex, pinnedKeys } from '@foldbook/verifier';
import { z } from 'zod';
import { isCode, replaceFile } from './durable-file.ts';
import { messageOf } from './prover-error.ts';
import type { BookFigures, CostBook, StepFigures } from './router/cost-book.ts';
import { partKind } from './router/part-kind.ts';
import { isPartKind, type RoutedKind } from './router/proof-backend.ts';

/** Of a prover's averages, below its data folder. */
export const COST_FILE = 'router-costs.json';
const VERSION = 2;
const EVERY_MS = 5_000;
const MAX_BYTES = 2 ** 20;
const DAY_MS = 86_400_000;

/** Of values up to `most`; no spread is wider than their range. */
const averageOf = (most: number) =>
  z.strictObject({
    samples: z.int().nonnegative(),
    mean: z.number().min(0).max(most),
    variance: z
      .number()
      .min(0)
      .max(most ** 2),
  });

const figures = {
  cpuMs: averageOf(DAY_MS).refine(({ samples }) => samples > 0, 'was never measured'),
  rssBytes: averageOf(2 ** 44),
  proofBytes: averageOf(2 ** 32),
  verifyMs: averageOf(DAY_MS),
};

const stepSchema = z.strictObject({
  circuit: z.enum(circuitNames),
  backEnd: z.enum(['groth16', 'folding']),
  /** Digest of the key that the proofs were for, hex: of another circuit they say nothing. */
  key: z.hex(),
  stage: z.enum(['leaf', 'closing']),
  ...figures,
});

/** Of parts, by the rows of their tables. */
const partSchema = z.strictObject({
  records: z
    .int()
    .min(1)
    .max(MAX_PART_RECORDS + 1),
  accounts: z
    .int()
    .min(1)
    .max(2 ** MAX_LOG_ACCOUNTS),
  logBlowup: z.int().min(1).max(8),
  /** Digest of the constraints that they were proved for, hex. */
  air: z.hex(),
  ...figures,
});

const fileSchema = z.strictObject({
  version: z.literal(VERSION),
  steps: z.array(stepSchema).max(1_000),
  parts: z.array(partSchema).max(1_000),
  // A worker may say that it had a millisecond of the processor all day.
  stretch: z.array(averageOf(DAY_MS).extend({ workers: z.int().min(1).max(100_000) })).max(1_000),
});

const digests = pinnedDigests();

type CostRecord = z.infer<typeof fileSchema>;
type StepRecord = z.infer<typeof stepSchema>;
type PartRecord = z.infer<typeof partSchema>;

export interface CostFileOptions {
  readonly path: string;
  readonly book: CostBook;
  readonly logger: Logger;
  /** How often it is written at the most. Default 5,000 ms. */
  readonly everyMs?: number;
}

export class CostFile {
  readonly #options: CostFileOptions;
  readonly #timer: NodeJS.Timeout;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();
  #isTroubled = false;

  private constructor(options: CostFileOptions) {
    this.#options = options;
    const { everyMs = EVERY_MS } = options;
    this.#timer = setInterval(() => this.#write(), everyMs).unref();
  }

  /** Gives the book what the file knows, and from now on writes what the book learns. */
  static async open(options: CostFileOptions): Promise<CostFile> {
    const { path, book, logger } = options;
    try {
      const record = await readRecord(path);
      const figures = figuresOf(record);
      book.restore(figures);
      const steps = figures.steps.length;
      const otherKeys = record.steps.length + record.parts.length - steps;
      logger.info('costs of proofs known', { path, steps, otherKeys });
    } catch (error) {
      const isThere = !isCode(error, 'ENOENT');
      if (isThere) logger.warn('costs of proofs ignored', { path, reason: messageOf(error) });
    }
    return new CostFile(options);
  }

  /** Writes what is new. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    await this.#writing;
  }

  /** One at a time, each of what is known when it begins. */
  #write(): void {
    this.#writing = this.#writing.then(async () => {
      const { path, book, logger } = this.#options;
      const { changes } = book;
      if (changes === this.#written) return;
      try {
        const text = `${JSON.stringify(recordOf(book.figures), null, 1)}\n`;
        await mkdir(dirname(path), { recursive: true });
        await replaceFile(path, new TextEncoder().encode(text), dirname(path));
        this.#written = changes;
        this.#isTroubled = false;
      } catch (error) {
        // No reason to end: they are found out anew after the next start.
        const reason = messageOf(error);
        if (!this.#isTroubled) logger.warn('costs of proofs not written', { path, reason });
        this.#isTroubled = true;
      }
    });
  }
}

/** @throws when there is no file, or none that this release wrote */
async function readRecord(path: string): Promise<CostRecord> {
  const bytes = await readFile(path);
  if (bytes.length > MAX_BYTES) throw new Error(`${basename(path)} has ${bytes.length} bytes`);
  const parsed = fileSchema.safeParse(JSON.parse(bytes.toString('utf8')));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
}

function recordOf({ steps, stretch }: BookFigures): CostRecord {
  return {
    version: VERSION,
    steps: steps.flatMap(stepRecord),
    parts: steps.flatMap(partRecord),
    stretch: [...stretch],
  };
}

function stepRecord({ kind, ...figures }: StepFigures): StepRecord[] {
  if (isPartKind(kind)) return [];
  const key = keyOf(kind);
  if (key === undefined) return [];
  const backEnd = kind.folds ? 'folding' : 'groth16';
  return [{ circuit: kind.circuit, backEnd, key, ...figures }];
}

function partRecord({ kind, stage: _, ...figures }: StepFigures): PartRecord[] {
  if (!isPartKind(kind)) return [];
  const { records, accounts, logBlowup } = kind;
  return [{ records, accounts, logBlowup, air: ownAir(), ...figures }];
}

function figuresOf({ steps, parts, stretch }: CostRecord): BookFigures {
  const ofCircuits = steps.flatMap(({ circuit, backEnd, key, ...figures }): StepFigures[] => {
    const kind = kindOf(circuit, backEnd === 'folding');
    return kind === undefined || keyOf(kind) !== key ? [] : [{ kind, ...figures }];
  });
  const ofParts = parts.flatMap(
    ({ records, accounts, logBlowup, air, ...figures }): StepFigures[] => {
      // A table of 2^17 rows has one record less at the most.
      const kind = partKind(Math.min(records, MAX_PART_RECORDS), accounts, logBlowup);
      return air === ownAir() ? [{ kind, stage: 'leaf', ...figures }] : [];
    },
  );
  return { steps: [...ofCircuits, ...ofParts], stretch };
}

const ownAir = (): string => bytesToHex(airDigest());

function kindOf(circuit: RoutedKind['circuit'], folds: boolean): RoutedKind | undefined {
  const backEnd = folds ? BackEnd.FOLDING : BackEnd.GROTH16;
  const pinned = pinnedKeys.find((key) => key.circuit === circuit);
  if (pinned === undefined) return undefined;
  const { role, size } = pinned;
  const { constraints } = digests[circuit];
  return { circuit, role, size, constraints, backEnd, folds };
}

/** Digest of the key that this release pins for the kind; of what is folded its shape's. */
function keyOf({ circuit, folds }: RoutedKind): string | undefined {
  if (!folds) return digests[circuit].vk;
  const shape = pinnedKeys.find(
    (key) => key.circuit === circuit && key.backEnd === BackEnd.FOLDING,
  );
  return shape?.digest;
}
