// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * How epochs were divided into proofs, from when they are planned until they are in the store. The
 * division is part of the header and depends on what the router had measured by then, so that a
 * prover that starts again would make another header of the same epoch: it finds it here instead.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@foldbook/runtime';
import { bytesToHex, type CircuitRole, headerHash } from '@foldbook/verifier';
import { z } from 'zod';
import type { ProvingCircuit } from './chain-context.ts';
import { createFile, isCode, removeDrafts } from './durable-file.ts';
import type { EpochPlan, PlannedProof } from './epoch-plan.ts';
import { ProverError } from './prover-error.ts';
import type { Tilings } from './router/alternative.ts';
import type { Run, Tiling } from './router/tilings.ts';
import { type RoleRows, routedKind } from './tiling.ts';

/** Below a market's folder, beside its epochs. */
export const PLANS_FOLDER = 'plans';

const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);
/** Proofs of a circuit one after the other; `key` is the digest of its key, which names it. */
const runSchema = z.strictObject({
  circuit: z.string(),
  key: hashSchema,
  proofs: z.int().positive(),
});
const roleSchema = z.strictObject({
  rows: z.int().nonnegative(),
  runs: z.array(runSchema),
});
const planSchema = z.strictObject({
  chain: hashSchema,
  /** Hash of the header that the epoch comes to. */
  header: hashSchema,
  batch: roleSchema,
  accounts: roleSchema,
});

/** A file of the folder. */
export type KeptPlan = z.infer<typeof planSchema>;
type KeptRole = KeptPlan[CircuitRole];

export class EpochPlans {
  readonly #market: string;
  readonly #folder: string;

  private constructor(dir: string, market: string) {
    this.#market = market;
    this.#folder = join(dir, market, PLANS_FOLDER);
  }

  /** Opens or makes the folder of a market below `dir`. */
  static async open(dir: string, market: string): Promise<EpochPlans> {
    const plans = new EpochPlans(dir, market);
    await makeFolder(plans.#folder);
    await removeDrafts(plans.#folder);
    return plans;
  }

  /**
   * What an earlier run planned of an epoch of this chain.
   * @throws ProverError STORE_CORRUPT
   */
  async find(epoch: number, chainId: Uint8Array): Promise<KeptPlan | undefined> {
    const path = this.#pathOf(epoch);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const plan = parsePlan(text);
    if (plan === undefined) {
      throw new ProverError('STORE_CORRUPT', `${this.#what(epoch)} is damaged; ${mendOf(path)}`);
    }
    // A chain that was begun anew in the same folder: its own epochs were not planned yet.
    if (plan.chain !== bytesToHex(chainId)) {
      await rm(path, { force: true });
      return undefined;
    }
    return plan;
  }

  /**
   * The division of an epoch as it was planned.
   * @param rows - of the epoch as the stream has it
   * @throws ProverError STORE_CONFLICT
   */
  tilings(
    epoch: number,
    plan: KeptPlan,
    rows: RoleRows,
    circuits: readonly ProvingCircuit[],
  ): Tilings {
    const tiling = (role: CircuitRole): Tiling => {
      if (plan[role].rows !== rows[role]) throw this.#otherEpoch(epoch);
      return plan[role].runs.map(({ circuit, key, proofs }): Run => {
        const found = circuits.find((one) => bytesToHex(one.keyDigest) === key);
        if (found !== undefined) return { kind: routedKind(found), proofs };
        const what = `is to be proved by ${circuit} (key ${key}), which this prover can't`;
        throw new ProverError('STORE_CONFLICT', `${this.#what(epoch)} ${what}`);
      });
    };
    return { batches: tiling('batch'), accounts: tiling('accounts') };
  }

  /**
   * Binds an epoch to its plan, which is there whatever happens once this resolves. Nothing is
   * asked for and no signature is handed on before.
   * @param found - what `find` gave for it
   * @throws ProverError STORE_CONFLICT for another header than that of `found`; STORE_LOCKED if
   *   another prover planned it meanwhile
   */
  async keep(plan: EpochPlan, chainId: Uint8Array, found: KeptPlan | undefined): Promise<void> {
    const { epoch } = plan;
    const kept = keptPlan(plan, chainId);
    if (found !== undefined) {
      if (found.header !== kept.header) throw this.#otherEpoch(epoch);
      return;
    }
    const bytes = new TextEncoder().encode(`${JSON.stringify(kept)}\n`);
    if (await createFile(this.#pathOf(epoch), bytes)) return;
    // A try before this one may have written it, and failed after that.
    const there = await this.find(epoch, chainId);
    if (there?.header === kept.header) return;
    const what = `${this.#what(epoch)} is another prover's of this moment`;
    throw new ProverError('STORE_LOCKED', what);
  }

  /** The epochs before this one are in the store: their files say how they were divided. */
  async clear(beforeEpoch: number): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const isPast = Number.parseInt(name, 10) < beforeEpoch;
      if (isPast) await rm(join(this.#folder, name), { force: true });
    }
  }

  #pathOf(epoch: number): string {
    return join(this.#folder, `${epoch}.json`);
  }

  #what(epoch: number): string {
    return `market ${this.#market}: the plan of epoch ${epoch} (${this.#pathOf(epoch)})`;
  }

  #otherEpoch(epoch: number): ProverError {
    return new ProverError(
      'STORE_CONFLICT',
      `${this.#what(epoch)} leads to another header than its stream: give the prover the data ` +
        `folder that belongs to this stream; where the stream was mended, ${mendOf('the plan')}`,
    );
  }
}

const mendOf = (path: string): string =>
  `remove ${path}, if nobody was given a signed header of that epoch: two are evidence against ` +
  'the operator';

function parsePlan(text: string): KeptPlan | undefined {
  try {
    return planSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function keptPlan(plan: EpochPlan, chainId: Uint8Array): KeptPlan {
  return {
    chain: bytesToHex(chainId),
    header: bytesToHex(headerHash(plan.headerBytes)),
    batch: keptRole(plan.batches),
    accounts: keptRole(plan.accounts),
  };
}

function keptRole(proofs: readonly PlannedProof[]): KeptRole {
  const runs: KeptRole['runs'] = [];
  let rows = 0;
  for (const { circuit, count } of proofs) {
    rows += count;
    const key = bytesToHex(circuit.keyDigest);
    const last = runs.at(-1);
    if (last?.key === key) last.proofs += 1;
    else runs.push({ circuit: circuit.name, key, proofs: 1 });
  }
  return { rows, runs };
}
