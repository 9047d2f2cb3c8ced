/**
 * Keys from a ceremony, where development keys have a public trapdoor: a rehearsal of the whole of
 * it at small size, and the verification of what a real one yields. docs/ceremony.md tells how a
 * real one is run. `foldbook keys ceremony` starts this file; it prints a line of JSON a step.
 *
 *     node circuits/ceremony.ts rehearse [--contributors N] [--beacon HEX] [--out DIR]
 *     node circuits/ceremony.ts verify --circuit NAME --zkey FILE --ptau FILE
 */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildBn128 } from 'ffjavascript';
import { powersOfTau, zKey } from 'snarkjs';
import { parseR1cs } from './builder/r1cs.ts';
import { extractVerifyingKey } from './builder/verifying-key.ts';
import { proverDomain } from './builder/zkey.ts';
import { type CircuitName, circuitArtifacts, circuitNames } from './src/index.ts';

const rehearsalCircuit: CircuitName = 'batch-15';
/** 2^10 rounds of SHA-256: of a rehearsal. A real beacon takes 2^40 or so, to be slow for all. */
const beaconIterationsExponent = 10;
const mostContributors = 20;

export interface CeremonyStep {
  readonly step: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly detail?: string;
}

export interface Rehearsal {
  /** For the names of files and steps. */
  readonly circuit: string;
  /** Its constraint system, a path. */
  readonly r1cs: string;
  readonly contributors: number;
  /** Hex. */
  readonly beacon: string;
  /** Where the files go; they stay there. */
  readonly dir: string;
  readonly onStep: (step: CeremonyStep) => void;
}

/**
 * Both phases for one circuit: contributions by several people (here one process in all
 * their roles, so the key is marked insecure), each verified, a beacon, and the digest to pin.
 * Returns that digest. Throws at the first step whose verification fails.
 */
export async function rehearse({
  circuit,
  r1cs,
  contributors,
  beacon,
  dir,
  onStep,
}: Rehearsal): Promise<string> {
  const { bits } = proverDomain(parseR1cs(fs.readFileSync(r1cs)));
  const steps = new Steps(onStep);
  const file = (name: string): string => path.join(dir, name);
  const entropy = (): string => randomBytes(64).toString('hex');

  let tau = file('powers-0.ptau');
  await steps.run(`powers of tau: start at 2^${bits}`, async () =>
    powersOfTau.newAccumulator(await buildBn128(), bits, tau),
  );
  for (let person = 1; person <= contributors; person++) {
    const next = file(`powers-${person}.ptau`);
    await steps.run(`powers of tau: contribution of person ${person}`, () =>
      powersOfTau.contribute(tau, next, `person ${person}`, entropy()),
    );
    tau = next;
    await steps.verify(`powers of tau: verify contribution ${person}`, () =>
      powersOfTau.verify(tau),
    );
  }
  const beaconed = file('powers-beacon.ptau');
  await steps.run('powers of tau: beacon', () =>
    powersOfTau.beacon(tau, beaconed, 'beacon', beacon, beaconIterationsExponent),
  );
  const prepared = file('powers.ptau');
  await steps.run('powers of tau: prepare phase 2', () =>
    powersOfTau.preparePhase2(beaconed, prepared),
  );
  await steps.verify('powers of tau: verify all', () => powersOfTau.verify(prepared));

  let key = file(`${circuit}-0.zkey`);
  await steps.verify(`${circuit}: start`, async () => {
    return (await zKey.newZKey(r1cs, prepared, key)) !== -1;
  });
  for (let person = 1; person <= contributors; person++) {
    const next = file(`${circuit}-${person}.zkey`);
    await steps.run(`${circuit}: contribution of person ${person}`, () =>
      zKey.contribute(key, next, `person ${person}`, entropy()),
    );
    key = next;
    await steps.verify(`${circuit}: verify contribution ${person}`, () =>
      zKey.verifyFromR1cs(r1cs, prepared, key),
    );
  }
  const final = file(`${circuit}.zkey`);
  await steps.run(`${circuit}: beacon`, () =>
    zKey.beacon(key, final, 'beacon', beacon, beaconIterationsExponent),
  );
  await steps.verify(`${circuit}: verify all`, () => zKey.verifyFromR1cs(r1cs, prepared, final));
  return writeVerifyingKey(final, true, dir);
}

/**
 * Whether a proving key belongs to the circuit as it is compiled here and to these powers of tau,
 * all contributions included; then its canonical verifying key is written beside it and the digest
 * returned. `undefined` when it does not; `onReason` is told why.
 */
export async function verifyCeremonyKey(
  r1cs: string,
  zkey: string,
  ptau: string,
  onReason: (words: string) => void = () => undefined,
): Promise<string | undefined> {
  const silent = () => undefined;
  const logger = { error: onReason, warn: silent, info: silent, debug: silent };
  const holds = await zKey.verifyFromR1cs(r1cs, ptau, zkey, logger).catch((error: unknown) => {
    onReason(error instanceof Error ? error.message : String(error));
    return false;
  });
  return holds ? writeVerifyingKey(zkey, false, path.dirname(zkey)) : undefined;
}

function writeVerifyingKey(zkey: string, insecure: boolean, dir: string): string {
  const { bytes, digest } = extractVerifyingKey(fs.readFileSync(zkey), insecure);
  fs.writeFileSync(path.join(dir, `${digest}.vk`), bytes);
  return digest;
}

class Steps {
  readonly #onStep: (step: CeremonyStep) => void;

  constructor(onStep: (step: CeremonyStep) => void) {
    this.#onStep = onStep;
  }

  async run(step: string, work: () => Promise<unknown>): Promise<void> {
    const startMs = performance.now();
    await work();
    this.#onStep({ step, ok: true, seconds: (performance.now() - startMs) / 1000 });
  }

  /** @throws when the work does not come to `true` */
  async verify(step: string, work: () => Promise<boolean>): Promise<void> {
    const startMs = performance.now();
    const ok = await work();
    this.#onStep({ step, ok, seconds: (performance.now() - startMs) / 1000 });
    if (!ok) throw new Error(`${step}: refused`);
  }
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      contributors: { type: 'string', default: '3' },
      beacon: { type: 'string' },
      out: { type: 'string' },
      circuit: { type: 'string' },
      zkey: { type: 'string' },
      ptau: { type: 'string' },
    },
  });
  const write = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  if (positionals[0] === 'verify') {
    const name = circuitNames.find((known) => known === values.circuit);
    if (name === undefined || values.zkey === undefined || values.ptau === undefined) {
      throw new Error(`verify takes --circuit (${circuitNames.join(', ')}), --zkey and --ptau`);
    }
    let reason: string | undefined;
    const { r1cs } = circuitArtifacts(name);
    const digest = await verifyCeremonyKey(r1cs, values.zkey, values.ptau, (words) => {
      reason = words;
    });
    const zkey = createHash('sha256').update(fs.readFileSync(values.zkey)).digest('hex');
    write({ ok: digest !== undefined, circuit: name, digest, zkey, insecure: false, reason });
    if (digest === undefined) process.exitCode = 1;
    return;
  }
  const contributors = Number(values.contributors);
  if (!Number.isInteger(contributors) || contributors < 1 || contributors > mostContributors) {
    throw new Error(`--contributors ${values.contributors}: give 1 to ${mostContributors}`);
  }
  const beacon = values.beacon ?? createHash('sha256').update('foldbook rehearsal').digest('hex');
  if (!/^([0-9a-f]{2}){8,255}$/.test(beacon)) {
    throw new Error('--beacon: give 8 to 255 bytes in hex, lower case');
  }
  const dir = values.out ?? fs.mkdtempSync(path.join(os.tmpdir(), 'foldbook-ceremony-'));
  fs.mkdirSync(dir, { recursive: true });
  if (values.out === undefined) removeOnSignal(dir);
  try {
    const circuit = rehearsalCircuit;
    const { r1cs } = circuitArtifacts(circuit);
    const digest = await rehearse({ circuit, r1cs, contributors, beacon, dir, onStep: write });
    write({ ok: true, circuit, digest, insecure: true });
  } finally {
    if (values.out === undefined) fs.rmSync(dir, { recursive: true });
  }
}

/** Nobody looks for what an interrupted rehearsal has left. */
function removeOnSignal(dir: string): void {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      fs.rmSync(dir, { recursive: true, force: true });
      process.exit(status);
    });
  }
}

if (import.meta.main) {
  main(process.argv.slice(2))
    .catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    })
    // Its threads outlive the work, and keep the process.
    .finally(async () => (await buildBn128()).terminate());
}
