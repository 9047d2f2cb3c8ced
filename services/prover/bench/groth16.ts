/**
 * Groth16 by our prover and by snarkjs, in turn in one process, a statement that fills the circuit:
 * node services/prover/bench/groth16.ts [circuit ...]
 *
 * Processor time of this process, one thread; wall time beside it tells how busy the machine is.
 * Loading a key is once in a worker's life and apart. Every proof is verified, out of the count.
 */
import { readFileSync } from 'node:fs';
import {
  type CircuitName,
  circuitArtifacts,
  circuitNames,
  defaultCircuits,
  pinnedDigests,
} from '@foldbook/circuits';
import { decodeVerifyingKey, verifyGroth16 } from '@foldbook/verifier';
import { CircuitProver } from '../src/groth16/circuit-prover.ts';
import { proveBySnarkjs } from '../src/groth16/snarkjs-prover.ts';
import type { ProofJob, ProofResult } from '../src/proof-job.ts';
import { sampleJob, sizeOf } from '../src/testing/statements.ts';

/** The first proof of ours compiles code; the best of the others counts. */
const OUR_ROUNDS = 4;
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Processor seconds by phase. */
class Phases {
  readonly #sums = new Map<string, number>();
  #label = '';
  #since = cpuSeconds();

  next(label: string): void {
    const now = cpuSeconds();
    if (this.#label !== '') {
      this.#sums.set(this.#label, (this.#sums.get(this.#label) ?? 0) + now - this.#since);
    }
    [this.#label, this.#since] = [label, now];
  }

  get text(): string {
    const parts = [...this.#sums].filter(([, seconds]) => seconds >= 0.0005);
    return parts.map(([label, seconds]) => `${label} ${seconds.toFixed(3)}`).join(', ');
  }
}

interface Measured {
  readonly cpu: number;
  readonly wall: number;
  readonly phases: string;
  readonly result: ProofResult;
}

async function measured(
  prove: (onPhase: (label: string) => void) => ProofResult | Promise<ProofResult>,
): Promise<Measured> {
  const phases = new Phases();
  const [cpu, wall] = [cpuSeconds(), performance.now()];
  const result = await prove((label) => phases.next(label));
  phases.next('');
  return {
    cpu: cpuSeconds() - cpu,
    wall: (performance.now() - wall) / 1000,
    phases: phases.text,
    result,
  };
}

/** snarkjs tells of each chunk and percentage; what counts is which part it is at. */
function partOf(message: string): string {
  const sum = /multiexp (\w+)/.exec(message)?.[1];
  if (sum !== undefined) return sum;
  if (/FFT/.test(message)) return 'transforms';
  if (/QAP|ABC/.test(message)) return 'matrices';
  return message === 'witness' ? message : 'reading';
}

function report(who: string, circuit: CircuitName, { cpu, wall, phases }: Measured): void {
  const unit = circuit.startsWith('batch') ? 'records' : 'accounts';
  const rate = (sizeOf(circuit) / cpu).toFixed(1);
  write(
    `${circuit}, ${who}: ${cpu.toFixed(2)} s CPU, ${wall.toFixed(2)} s wall, ${rate} ${unit}/s`,
  );
  write(`  ${phases}`);
}

async function compare(circuit: CircuitName): Promise<void> {
  const { wasm, zkey, vk } = circuitArtifacts(circuit);
  const job: ProofJob = sampleJob(circuit, sizeOf(circuit));
  const files = { wasmFile: wasm, zkeyFile: zkey, zkeyDigest: pinnedDigests()[circuit].zkey };
  const decoded = decodeVerifyingKey(readFileSync(vk));
  if (!decoded.ok) throw new Error(`${vk}: ${decoded.error.message}`);
  const check = ({ result }: Measured): void => {
    const verdict = verifyGroth16(decoded.value, result.proof, result.publicSignals.map(BigInt));
    if (!verdict.ok) throw new Error(`${circuit}: the proof is refused: ${verdict.code}`);
  };
  const loading = cpuSeconds();
  const prover = await CircuitProver.open(files);
  write(`${circuit}: key loaded in ${(cpuSeconds() - loading).toFixed(2)} s CPU`);
  const ours: Measured[] = [];
  for (let round = 0; round < OUR_ROUNDS; round++) {
    const one = await measured((onPhase) => prover.prove(job, onPhase));
    check(one);
    ours.push(one);
  }
  const [first, ...warm] = ours;
  if (first === undefined) return;
  const best = warm.reduce((least, one) => (one.cpu < least.cpu ? one : least));
  report('kernel, first', circuit, first);
  report('kernel', circuit, best);
  write(`  peak RSS so far ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
  const theirs = await measured((onPhase) => {
    const hear = (message: string): void => onPhase(partOf(message));
    const logger = { debug: hear, info: hear, warn: hear, error: hear };
    return proveBySnarkjs({ job, ...files }, logger);
  });
  check(theirs);
  report('snarkjs', circuit, theirs);
  write(`  peak RSS so far ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
  write(`  ratio ${(theirs.cpu / best.cpu).toFixed(1)}`);
}

const asked = process.argv.slice(2);
const names = asked.length === 0 ? defaultCircuits : circuitNames.filter((n) => asked.includes(n));
if (asked.length > names.length && asked.length > 0) {
  throw new Error(`circuits are ${circuitNames.join(', ')}`);
}
for (const name of names) await compare(name);
