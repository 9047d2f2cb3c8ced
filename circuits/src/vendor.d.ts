/**
 * The parts of untyped packages that circuits/ and services/prover use. Shapes read from their
 * sources (circom2 0.2.23, ffjavascript 0.3.1, snarkjs 0.7.6); nothing more is declared than used.
 */
declare module 'circom2' {
  export interface RunnerOptions {
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly preopens: Readonly<Record<string, string>>;
    readonly bindings: Readonly<Record<string, unknown>>;
  }
  export class CircomRunner {
    constructor(options: RunnerOptions);
    execute(wasm: Uint8Array): Promise<unknown>;
  }
  export const bindings: Readonly<Record<string, unknown>>;
}

declare module 'ffjavascript' {
  /** A field element in the library's own (Montgomery) bytes. */
  export type Element = Uint8Array;
  export interface PrimeField {
    readonly n8: number;
    /** Roots of unity: w[k] has order 2^k. */
    readonly w: readonly Element[];
    e(value: bigint | number): Element;
    toObject(element: Element): bigint;
  }
  export interface CurveGroup {
    readonly F: { readonly n8: number };
    /** The generator: projective (3 coordinates). */
    readonly g: Uint8Array;
    readonly zero: Uint8Array;
    add(p: Uint8Array, q: Uint8Array): Uint8Array;
    double(p: Uint8Array): Uint8Array;
    toAffine(p: Uint8Array): Uint8Array;
    batchToAffine(points: Uint8Array): Promise<Uint8Array>;
    /** Scalars of 32 bytes, little-endian. */
    multiExpAffine(points: Uint8Array, scalars: Uint8Array): Promise<Uint8Array>;
    /** Between the library's own bytes and x, y in plain big-endian bytes. */
    fromRprUncompressed(bytes: Uint8Array, offset: number): Uint8Array;
    toRprUncompressed(bytes: Uint8Array, offset: number, point: Uint8Array): void;
  }
  export interface ThreadManager {
    readonly memory: WebAssembly.Memory;
    /** Views of the memory; whoever grows it must replace them. */
    u8: Uint8Array;
    u32: Uint32Array;
    readonly instance: {
      readonly exports: Readonly<Record<string, (...args: number[]) => number>>;
    };
  }
  export interface Curve {
    readonly r: bigint;
    readonly q: bigint;
    readonly Fr: PrimeField;
    readonly G1: CurveGroup;
    readonly G2: CurveGroup;
    readonly tm: ThreadManager;
    terminate(): Promise<void>;
  }
  export function buildBn128(singleThread?: boolean): Promise<Curve>;
}

declare module 'snarkjs' {
  /** Decimal strings, a number, or nested lists of them, by input signal name. */
  export type CircuitInput = Readonly<Record<string, unknown>>;
  /** A path, or bytes held in memory (an output is left in `data`). */
  export type FileRef = string | { type: 'mem'; data?: Uint8Array };
  /** Hears of each step. */
  export type Logger = Readonly<
    Record<'debug' | 'info' | 'warn' | 'error', (message: string) => void>
  >;
  export interface ThreadOptions {
    readonly singleThread: boolean;
  }
  export interface Groth16Proof {
    readonly pi_a: readonly string[];
    readonly pi_b: readonly (readonly string[])[];
    readonly pi_c: readonly string[];
    readonly protocol: 'groth16';
    readonly curve: string;
  }
  export interface ProofResult {
    readonly proof: Groth16Proof;
    /** Decimal; outputs first, then public inputs. */
    readonly publicSignals: readonly string[];
  }
  export const wtns: {
    calculate(input: CircuitInput, wasm: FileRef, witness: FileRef): Promise<void>;
    exportJson(witness: FileRef): Promise<bigint[]>;
  };
  export const groth16: {
    prove(
      zkey: FileRef,
      witness: FileRef,
      logger?: Logger,
      options?: ThreadOptions,
    ): Promise<ProofResult>;
    fullProve(
      input: CircuitInput,
      wasm: FileRef,
      zkey: FileRef,
      logger?: undefined,
      witnessOptions?: ThreadOptions,
      proverOptions?: ThreadOptions,
    ): Promise<ProofResult>;
    verify(
      verificationKey: unknown,
      publicSignals: readonly string[],
      proof: Groth16Proof,
    ): Promise<boolean>;
  };
  /** `beacon` in hex; 2^iterationsExponent rounds of hashing. */
  type AddBeacon = (
    from: string,
    to: string,
    name: string,
    beacon: string,
    iterationsExponent: number,
  ) => Promise<unknown>;
  /** Files are given by path; every `verify` answers with false or throws when it refuses. */
  export const powersOfTau: {
    newAccumulator(curve: unknown, power: number, file: string): Promise<unknown>;
    contribute(from: string, to: string, name: string, entropy: string): Promise<unknown>;
    beacon: AddBeacon;
    preparePhase2(from: string, to: string): Promise<unknown>;
    verify(file: string): Promise<boolean>;
  };
  export const zKey: {
    exportVerificationKey(zkey: FileRef): Promise<unknown>;
    /** -1 when the powers of tau do not serve for the circuit. */
    newZKey(r1cs: string, powersOfTau: string, zkey: string): Promise<unknown>;
    contribute(from: string, to: string, name: string, entropy: string): Promise<unknown>;
    beacon: AddBeacon;
    verifyFromR1cs(
      r1cs: string,
      powersOfTau: string,
      zkey: string,
      logger?: Logger,
    ): Promise<boolean>;
  };
}
