import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { isAlive, withBuildLock } from './builder/build-lock.ts';
import { compileCircuit } from './builder/compile.ts';
import { makeDevelopmentKey } from './builder/development-key.ts';
import { parseR1cs } from './builder/r1cs.ts';
import { extractVerifyingKey } from './builder/verifying-key.ts';
import { readImportedKey } from './import-key.ts';
import {
  buildDir,
  type CircuitDigests,
  type CircuitName,
  circuitFiles,
  circuitNames,
  defaultCircuits,
  digestsFile,
  pinnedDigests,
  verifyingKeyFile,
} from './src/artifacts.ts';

type Report = (step: string, seconds: number) => void;

const require = createRequire(import.meta.url);
const sourceDir = path.join(import.meta.dirname, 'src');
const builderDir = path.join(import.meta.dirname, 'builder');

/** What made a circuit's folder, and what it holds; kept in it as stamp.json. */
interface Stamp {
  readonly inputs: string;
  readonly digests: CircuitDigests;
}

/**
 * Compiles circuits and makes their development keys under circuits/build/, unless that is done
 * already for these sources and tools. Throws when what it made differs from the pinned digests.
 * `report` is told each step that did work.
 */
export async function buildCircuits(
  report: Report,
  names: readonly CircuitName[] = defaultCircuits,
): Promise<void> {
  const pinned = pinnedDigests();
  for (const [name, made] of await makeCircuits(report, names)) {
    for (const kind of ['constraints', 'r1cs', 'zkey', 'vk'] as const) {
      if (made[kind] === pinned[name][kind]) continue;
      throw new Error(
        `circuit ${name}: ${kind} is ${made[kind]} here, but ` +
          `circuits/digests.json pins ${pinned[name][kind]}. ` +
          'Where a circuit or a tool was changed on purpose, pin anew with ' +
          'node circuits/build.ts --pin; otherwise restore circuits/ and run npm ci.',
      );
    }
  }
}

/** Makes all circuits and writes what came out to circuits/digests.json. */
async function pinCircuits(report: Report): Promise<void> {
  const made = Object.fromEntries(await makeCircuits(report, circuitNames));
  const draft = `${digestsFile}.${randomUUID()}`;
  fs.writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`);
  fs.renameSync(draft, digestsFile);
}

async function makeCircuits(
  report: Report,
  names: readonly CircuitName[],
): Promise<ReadonlyMap<CircuitName, CircuitDigests>> {
  fs.mkdirSync(path.join(buildDir, 'keys'), { recursive: true });
  const inputs = inputsDigest();
  return withBuildLock(path.join(buildDir, 'lock'), async () => {
    removeAbandonedDrafts();
    const made = new Map<CircuitName, CircuitDigests>();
    for (const name of names) made.set(name, await makeCircuit(name, inputs, report));
    return made;
  });
}

/** A build that was killed leaves its draft folder, up to 250 MB. */
function removeAbandonedDrafts(): void {
  for (const entry of fs.readdirSync(buildDir)) {
    const maker = /^draft-(\d+)$/.exec(entry)?.[1];
    if (maker === undefined || isAlive(Number(maker))) continue;
    fs.rmSync(path.join(buildDir, entry), { recursive: true, force: true });
  }
}

async function makeCircuit(
  name: CircuitName,
  inputs: string,
  report: Report,
): Promise<CircuitDigests> {
  const pinned = pinnedDigests()[name];
  const { insecure } = pinned;
  const done = readIntactStamp(name, insecure);
  if (done?.inputs === inputs) return done.digests;

  const draftDir = path.join(buildDir, `draft-${process.pid}`);
  const outDir = path.join(draftDir, name);
  fs.mkdirSync(outDir, { recursive: true });
  try {
    const files = circuitFiles(name, draftDir);
    await timed(report, `${name}: compile`, async () => {
      await compileCircuit(name, sourceDir, outDir);
      fs.renameSync(path.join(outDir, `${name}_js`, `${name}.wasm`), files.wasm);
      fs.rmSync(path.join(outDir, `${name}_js`), { recursive: true });
    });
    const r1cs = fs.readFileSync(files.r1cs);
    const system = parseR1cs(r1cs);
    const what = `${name}: development key (insecure), ${system.constraintCount} constraints`;
    const zkey = insecure
      ? await timed(report, what, () => makeDevelopmentKey(name, system))
      : readImportedKey(name, pinned, buildDir);
    fs.writeFileSync(files.zkey, zkey);
    const vk = extractVerifyingKey(zkey, insecure);
    const draftKey = path.join(draftDir, 'vk');
    fs.writeFileSync(draftKey, vk.bytes);
    fs.renameSync(draftKey, verifyingKeyFile(vk.digest, buildDir));
    const digests = {
      constraints: system.constraintCount,
      r1cs: sha256(r1cs),
      zkey: sha256(zkey),
      vk: vk.digest,
      insecure,
    };
    const stamp: Stamp = { inputs, digests };
    fs.writeFileSync(path.join(outDir, 'stamp.json'), JSON.stringify(stamp));
    replaceDir(outDir, path.join(buildDir, name), path.join(draftDir, 'old'));
    return digests;
  } finally {
    fs.rmSync(draftDir, { recursive: true, force: true });
  }
}

/** The stamp of a built circuit whose files are all there and unchanged. */
function readIntactStamp(name: CircuitName, insecure: boolean): Stamp | undefined {
  try {
    const file = path.join(buildDir, name, 'stamp.json');
    const stamp = JSON.parse(fs.readFileSync(file, 'utf8')) as Stamp;
    const files = circuitFiles(name, buildDir);
    const vk = extractVerifyingKey(fs.readFileSync(files.zkey), insecure);
    const intact =
      insecure === stamp.digests.insecure &&
      sha256(fs.readFileSync(files.r1cs)) === stamp.digests.r1cs &&
      sha256(fs.readFileSync(files.zkey)) === stamp.digests.zkey &&
      fs.readFileSync(verifyingKeyFile(vk.digest, buildDir)).equals(vk.bytes) &&
      vk.digest === stamp.digests.vk &&
      fs.existsSync(files.wasm) &&
      fs.existsSync(files.sym);
    return intact ? stamp : undefined;
  } catch {
    return undefined;
  }
}

/** Over what decides the output: circuit sources, builder/, versions of tools; not the pins. */
function inputsDigest(): string {
  const hash = createHash('sha256');
  const add = (label: string, content: Uint8Array | string): void => {
    hash.update(`${label}\n${content.length}\n`).update(content);
  };
  for (const file of fs.readdirSync(sourceDir).sort()) {
    if (file.endsWith('.circom')) add(file, fs.readFileSync(path.join(sourceDir, file)));
  }
  for (const file of fs.readdirSync(builderDir).sort()) {
    if (!file.endsWith('.test.ts')) add(file, fs.readFileSync(path.join(builderDir, file)));
  }
  for (const tool of ['circom2', 'circomlib']) {
    add(tool, fs.readFileSync(require.resolve(`${tool}/package.json`)));
  }
  return hash.digest('hex');
}

/** Puts a finished folder in the place of an older one. */
function replaceDir(from: string, to: string, aside: string): void {
  if (fs.existsSync(to)) fs.renameSync(to, aside);
  fs.renameSync(from, to);
}

async function timed<T>(report: Report, step: string, work: () => Promise<T>): Promise<T> {
  const startMs = performance.now();
  const result = await work();
  report(step, (performance.now() - startMs) / 1000);
  return result;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const usage = 'node circuits/build.ts [--pin | --all | CIRCUIT...]';

async function main(args: readonly string[]): Promise<void> {
  const report: Report = (step, seconds) => console.log(`${step}: ${seconds.toFixed(1)} s`);
  if (args.length === 1 && args[0] === '--pin') return pinCircuits(report);
  if (args.length === 1 && args[0] === '--all') return buildCircuits(report, circuitNames);
  const names = args.map((arg) => {
    const name = circuitNames.find((known) => known === arg);
    if (name === undefined) throw new Error(`no circuit "${arg}": ${usage}`);
    return name;
  });
  return buildCircuits(report, names.length === 0 ? defaultCircuits : names);
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
