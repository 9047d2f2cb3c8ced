import fs from 'node:fs';
import path from 'node:path';

/** The circuits, by name; `<name>.circom` instantiates each. */
export const circuitNames = ['batch-15', 'batch-240', 'accounts-4', 'accounts-16'] as const;
export type CircuitName = (typeof circuitNames)[number];

/** What set-up builds. The large ones take minutes and are built for whoever asks for them. */
export const defaultCircuits: readonly CircuitName[] = ['batch-15', 'accounts-4'];

/** Folder of what the build makes; nothing in it is committed. */
export const buildDir = path.join(import.meta.dirname, '..', 'build');
export const digestsFile = path.join(import.meta.dirname, '..', 'digests.json');

/** What the build must make, digest by digest (hex). */
export interface CircuitDigests {
  /** Number of constraints after the compiler's simplification. */
  readonly constraints: number;
  /** SHA-256 of the constraint system's file. */
  readonly r1cs: string;
  /** SHA-256 of the proving key's file. */
  readonly zkey: string;
  /** Digest of the canonical verifying key: SHA-256 of "foldbook/vk/v1\n" and its bytes. */
  readonly vk: string;
  /** A development key, which the build makes; others come from a ceremony and are imported. */
  readonly insecure: boolean;
}

/** Paths of a circuit's files, absolute, and the pinned digest of its verifying key (hex). */
export interface CircuitArtifacts {
  readonly r1cs: string;
  readonly sym: string;
  readonly wasm: string;
  readonly zkey: string;
  readonly vk: string;
  readonly vkDigest: string;
}

/** Where a circuit's files lie under the build folder `dir`, whoever made the key. */
export function circuitFiles(
  name: CircuitName,
  dir: string,
): Omit<CircuitArtifacts, 'vk' | 'vkDigest'> {
  const file = (extension: string): string => path.join(dir, name, `${name}.${extension}`);
  return { r1cs: file('r1cs'), sym: file('sym'), wasm: file('wasm'), zkey: file('zkey') };
}

/** The canonical verifying key with this digest (hex) under the build folder `dir`. */
export function verifyingKeyFile(digest: string, dir: string): string {
  return path.join(dir, 'keys', `${digest}.vk`);
}

/** Where an imported proving key with this SHA-256 (hex) lies under the build folder `dir`. */
export function importedKeyFile(digest: string, dir: string): string {
  return path.join(dir, 'keys', `${digest}.zkey`);
}

/** The files of a built circuit. Throws when it has not been built. */
export function circuitArtifacts(name: CircuitName): CircuitArtifacts {
  const vkDigest = pinnedDigests()[name].vk;
  const artifacts = {
    ...circuitFiles(name, buildDir),
    vk: verifyingKeyFile(vkDigest, buildDir),
    vkDigest,
  };
  for (const file of [artifacts.r1cs, artifacts.wasm, artifacts.zkey, artifacts.vk]) {
    if (!fs.existsSync(file)) {
      const command = defaultCircuits.includes(name)
        ? 'npm run setup'
        : `foldbook keys dev --circuit ${name}`;
      throw new Error(`circuit ${name} is not built (${file} is missing): run ${command}`);
    }
  }
  return artifacts;
}

/** The digests that the build is held to: circuits/digests.json. */
export function pinnedDigests(): Readonly<Record<CircuitName, CircuitDigests>> {
  const parsed: unknown = JSON.parse(fs.readFileSync(digestsFile, 'utf8'));
  return {
    'batch-15': readDigests(parsed, 'batch-15'),
    'batch-240': readDigests(parsed, 'batch-240'),
    'accounts-4': readDigests(parsed, 'accounts-4'),
    'accounts-16': readDigests(parsed, 'accounts-16'),
  };
}

function readDigests(parsed: unknown, name: CircuitName): CircuitDigests {
  const entry = member(parsed, name);
  const wrong = (what: string): Error =>
    new Error(
      `${digestsFile}: "${name}".${what}: ` +
        'restore the file, or pin anew with node circuits/build.ts --pin',
    );
  const digest = (kind: 'r1cs' | 'zkey' | 'vk'): string => {
    const value = member(entry, kind);
    if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value;
    throw wrong(`"${kind}" is not a hex digest of 32 bytes`);
  };
  const insecure = member(entry, 'insecure');
  if (typeof insecure !== 'boolean') throw wrong('"insecure" is neither true nor false');
  const constraints = member(entry, 'constraints');
  if (typeof constraints !== 'number') throw wrong('"constraints" is not a number');
  return { constraints, r1cs: digest('r1cs'), zkey: digest('zkey'), vk: digest('vk'), insecure };
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}
