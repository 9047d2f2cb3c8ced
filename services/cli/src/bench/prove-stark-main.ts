/** A process that proves parts in one thread, or verifies them, as it is asked. */
import assert from 'node:assert/strict';
import { answerQuestions } from '@foldbook/runtime';
import {
  genesisAccounts,
  Kernel,
  type PartInput,
  PartProver,
  readKernelModule,
  type Stage,
  verifyPart,
} from '@foldbook/stark';
import { unpackRecords } from '@foldbook/verifier';
import type { ProvedRun, StarkQuestions } from './prove-stark-messages.ts';
import { settledProcessCpuMs } from './thread-cpu.ts';

interface Prepared {
  readonly prover: PartProver;
  readonly parts: readonly PartInput['records'][];
}

const PLACE = { chainId: new Uint8Array(32).fill(4), market: 1, epoch: 0n };
let prepared: Prepared | undefined;
/** Where each part begins, as far as is known. */
const starts = [{ recordFirst: 0n, accounts: genesisAccounts() }];

answerQuestions<StarkQuestions>({
  async prepare({ parameters, parts }) {
    const prover = new PartProver(new Kernel(await readKernelModule()), parameters);
    const unpacked = parts.map(({ packed, records }) => {
      const read = unpackRecords(packed, records);
      assert(read.ok, 'the records are those that were packed');
      return [...read.value];
    });
    prepared = { prover, parts: unpacked };
  },
  async prove({ part }) {
    assert(prepared !== undefined, 'prepare comes first');
    return provePart(prepared, part);
  },
  async verify({ statement, proof }) {
    const [startCpuMs, startMs] = [settledProcessCpuMs(), performance.now()];
    const verdict = verifyPart(statement, proof);
    const used = {
      wallMs: performance.now() - startMs,
      cpuMs: settledProcessCpuMs() - startCpuMs,
    };
    if (verdict.ok) return { ok: true, code: '', securityBits: verdict.securityBits, ...used };
    return { ok: false, code: verdict.code, securityBits: 0, ...used };
  },
});

function provePart({ prover, parts }: Prepared, part: number): ProvedRun {
  const [records, start] = [parts[part], starts[part]];
  assert(records !== undefined && start !== undefined, 'parts are proved in order at first');
  const stages = new StageMeter();
  const startMs = performance.now();
  const proved = prover.prove(
    { ...PLACE, part, ...start, records },
    { onStage: (one) => stages.begin(one) },
  );
  const { cpuMs, stagesMs } = stages.end();
  const wallMs = performance.now() - startMs;
  const { statement, proof, accounts } = proved;
  starts[part + 1] = { recordFirst: start.recordFirst + BigInt(records.length), accounts };
  return {
    ...{ records: records.length, statement, proof, cpuMs, wallMs, stagesMs },
    accounts: accounts.ids.length,
    rssBytes: 1_024 * process.resourceUsage().maxRSS,
  };
}

/** Processor time by stages. */
class StageMeter {
  readonly #stagesMs: Record<Stage, number> = {
    ...{ trace: 0, extend: 0, commit: 0, lookup: 0, constraints: 0 },
    ...{ openings: 0, combine: 0, fri: 0, grind: 0 },
  };
  readonly #startMs = settledProcessCpuMs();
  #stage: Stage = 'trace';
  #sinceMs = this.#startMs;

  begin(stage: Stage): void {
    const nowMs = settledProcessCpuMs();
    this.#stagesMs[this.#stage] += nowMs - this.#sinceMs;
    this.#stage = stage;
    this.#sinceMs = nowMs;
  }

  end() {
    this.begin('trace');
    return { cpuMs: this.#sinceMs - this.#startMs, stagesMs: this.#stagesMs };
  }
}
