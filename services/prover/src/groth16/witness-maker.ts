// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Calls the witness calculator that circom 2 compiles to WebAssembly (its documentation, "Computing
 * the witness"): signals go by the 64-bit FNV-1a hash of their names, numbers by 32 bytes of its
 * memory, little-endian, that both sides read and write.
 */
import { SCALAR_ORDER } from '@foldbook/bn254';
import type { CircuitInput, SignalValue } from '../proof-job.ts';
import { ProverError } from '../prover-error.ts';

const ELEMENT_BYTES = 32;
const FIELD_WORDS = 8;
const WORD = 1n << 32n;

interface Calculator {
  readonly memory: WebAssembly.Memory;
  getVersion(): number;
  getFieldNumLen32(): number;
  getRawPrime(): void;
  getWitnessSize(): number;
  getInputSize(): number;
  getInputSignalSize(high: number, low: number): number;
  getMessageChar(): number;
  init(checks: number): void;
  setInputSignal(high: number, low: number, index: number): void;
  getWitness(index: number): void;
  getSharedRWMemoryStart(): number;
}

const NAMES = [
  ...['getVersion', 'getFieldNumLen32', 'getRawPrime', 'getWitnessSize', 'getInputSize'],
  ...['getInputSignalSize', 'getMessageChar', 'init', 'setInputSignal', 'getWitness'],
  'getSharedRWMemoryStart',
] as const satisfies readonly (keyof Calculator)[];

/** What the calculator says by its codes when it gives up. */
const REASONS: Readonly<Record<number, string>> = {
  1: 'an input signal is unknown to the circuit',
  2: 'there are more values than input signals',
  3: 'an input signal was set twice',
  4: 'the input violates the circuit (an assertion failed)',
  5: 'the calculator has too little memory',
  6: 'a list is longer than its input signal',
};

/** A circuit's calculator, compiled once. One witness at a time. */
export class WitnessMaker {
  readonly #module: WebAssembly.Module;
  #calculator: Calculator | undefined;
  #messages: string[] = [];

  private constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  static async compile(wasm: Uint8Array<ArrayBuffer>): Promise<WitnessMaker> {
    return new WitnessMaker(await WebAssembly.compile(wasm));
  }

  /**
   * Every wire's value: 32 bytes each, little-endian, below r; the first is one.
   * @throws ProverError WITNESS: an input that is missing, too long, out of range, or not true
   */
  make(input: CircuitInput): Uint8Array<ArrayBuffer> {
    const calculator = this.#calculator ?? this.#open();
    // One that stopped half-way would start its next witness with the rest of this.
    this.#calculator = undefined;
    this.#messages = [];
    calculator.init(0);
    let given = 0;
    for (const [name, value] of Object.entries(input)) given += setSignal(calculator, name, value);
    if (given !== calculator.getInputSize()) {
      throw refused(`${given} values are given, the circuit has ${calculator.getInputSize()}`);
    }
    const witness = readWitness(calculator);
    this.#calculator = calculator;
    return witness;
  }

  #open(): Calculator {
    const ignore = (): void => undefined;
    const instance = new WebAssembly.Instance(this.#module, {
      runtime: {
        exceptionHandler: (code: number) => {
          const trace = this.#messages.join('').trim().replaceAll('\n', '; ');
          throw refused(`${REASONS[code] ?? `code ${code}`}${trace === '' ? '' : `: ${trace}`}`);
        },
        printErrorMessage: () => void this.#messages.push(`${messageOf(calculator)}\n`),
        writeBufferMessage: () => void messageOf(calculator),
        showSharedRWMemory: ignore,
      },
    });
    const calculator = checkedCalculator(instance.exports);
    return calculator;
  }
}

function messageOf(calculator: Calculator): string {
  let text = '';
  for (;;) {
    const character = calculator.getMessageChar();
    if (character === 0) return text;
    text += String.fromCharCode(character);
  }
}

type Exports = WebAssembly.Instance['exports'];

const isCalculator = (exports: Exports): exports is Exports & Calculator =>
  exports['memory'] instanceof WebAssembly.Memory &&
  NAMES.every((name) => typeof exports[name] === 'function');

function checkedCalculator(exports: Exports): Calculator {
  if (!isCalculator(exports) || exports.getVersion() !== 2) {
    throw refused('the circuit was not compiled by circom 2');
  }
  exports.getRawPrime();
  const prime = readNumber(sharedNumber(exports));
  if (exports.getFieldNumLen32() !== FIELD_WORDS || prime !== SCALAR_ORDER) {
    throw refused('the circuit is not over BN254');
  }
  return exports;
}

/** The number that both sides read and write; stale once the calculator's memory has grown. */
function sharedNumber({ memory, getSharedRWMemoryStart }: Calculator): DataView {
  return new DataView(memory.buffer, getSharedRWMemoryStart(), ELEMENT_BYTES);
}

function readNumber(view: DataView): bigint {
  let value = 0n;
  for (let at = ELEMENT_BYTES - 8; at >= 0; at -= 8) {
    value = (value << 64n) | view.getBigUint64(at, true);
  }
  return value;
}

function writeNumber(view: DataView, value: bigint): void {
  for (let at = 0; at < ELEMENT_BYTES; at += 8) {
    view.setBigUint64(at, BigInt.asUintN(64, value >> BigInt(8 * at)), true);
  }
}

/** Returns how many values the signal has. */
function setSignal(calculator: Calculator, name: string, value: SignalValue): number {
  const values = [...leaves(value)];
  const hash = fnv1a(name);
  const [high, low] = [Number(hash / WORD) | 0, Number(hash % WORD) | 0];
  const size = calculator.getInputSignalSize(high, low);
  if (size !== values.length) {
    const known = size <= 0 ? 'the circuit has no such input' : `the circuit takes ${size}`;
    throw refused(`signal ${name} has ${values.length} values, ${known}`);
  }
  values.forEach((text, index) => {
    const element = /^[0-9]{1,77}$/.test(text) ? BigInt(text) : SCALAR_ORDER;
    if (element >= SCALAR_ORDER) {
      throw refused(`signal ${name}, value ${index}: ${text} is no number in [0, r)`);
    }
    writeNumber(sharedNumber(calculator), element);
    calculator.setInputSignal(high, low, index);
  });
  return size;
}

function* leaves(value: SignalValue): Generator<string> {
  if (typeof value === 'string') yield value;
  else for (const part of value) yield* leaves(part);
}

function readWitness(calculator: Calculator): Uint8Array<ArrayBuffer> {
  const count = calculator.getWitnessSize();
  const witness = new Uint8Array(ELEMENT_BYTES * count);
  const { buffer } = calculator.memory;
  const shared = new Uint8Array(buffer, calculator.getSharedRWMemoryStart(), ELEMENT_BYTES);
  for (let wire = 0; wire < count; wire++) {
    calculator.getWitness(wire);
    witness.set(shared, ELEMENT_BYTES * wire);
  }
  return witness;
}

function fnv1a(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of Buffer.from(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  }
  return hash;
}

function refused(what: string): ProverError {
  return new ProverError('WITNESS', `no witness: ${what}`);
}
