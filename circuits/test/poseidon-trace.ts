/** Poseidon as circomlib's circuit computes it, every inner signal by its name. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { at, reduce } from '../builder/field.ts';
import type { Tape } from './tape.ts';

const require = createRequire(import.meta.url);
const constantsFile = path.join(
  path.dirname(require.resolve('circomlib/package.json')),
  'circuits',
  'poseidon_constants.circom',
);
const partialRounds = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
const fullRounds = 8;
const half = fullRounds / 2;

interface Parameters {
  readonly width: number;
  readonly partial: number;
  readonly constants: readonly bigint[];
  readonly mix: readonly bigint[];
  readonly preSparse: readonly bigint[];
  readonly sparse: readonly bigint[];
}

let constantsText: string | undefined;
const parametersByWidth = new Map<number, Parameters>();

/** The literals that one of circomlib's constant functions returns for width t, row by row. */
function literals(name: string, width: number): bigint[] {
  constantsText ??= fs.readFileSync(constantsFile, 'utf8');
  const body = constantsText.split('function ').find((text) => text.startsWith(`${name}(`));
  const branch = body?.split(/if \(t ?== ?/).find((text) => text.startsWith(`${width})`));
  assert(branch, `${constantsFile} has no ${name} for width ${width}`);
  const end = branch.indexOf('}');
  return [...branch.slice(0, end).matchAll(/0x[0-9a-f]+/g)].map(([hex]) => BigInt(hex));
}

function parameters(width: number): Parameters {
  const known = parametersByWidth.get(width);
  if (known) return known;
  const made: Parameters = {
    width,
    partial: at(partialRounds, width - 2),
    constants: literals('POSEIDON_C', width),
    mix: literals('POSEIDON_M', width),
    preSparse: literals('POSEIDON_P', width),
    sparse: literals('POSEIDON_S', width),
  };
  parametersByWidth.set(width, made);
  return made;
}

/** Records the component `name` = Poseidon(inputs.length) on the tape and returns its output. */
export function tracePoseidon(tape: Tape, name: string, inputs: readonly bigint[]): bigint {
  const p = parameters(inputs.length + 1);
  const inner = `${name}.pEx`;
  const taken = inputs.map((value, i) => tape.set(`${name}.inputs[${i}]`, value));
  let state = traceArk(tape, p, inner, 0, 0, [0n, ...taken]);
  for (let r = 0; r < half; r++) {
    const last = r === half - 1;
    state = state.map((value, j) => traceSigma(tape, `${inner}.sigmaF[${r}][${j}]`, value));
    state = traceArk(tape, p, inner, r + 1, (r + 1) * p.width, state);
    state = traceMix(tape, p, `${inner}.mix[${r}]`, last ? p.preSparse : p.mix, state);
  }
  for (let r = 0; r < p.partial; r++) state = tracePartialRound(tape, p, inner, r, state);
  for (let r = half; r < fullRounds - 1; r++) {
    state = state.map((value, j) => traceSigma(tape, `${inner}.sigmaF[${r}][${j}]`, value));
    const offset = (half + 1) * p.width + p.partial + (r - half) * p.width;
    state = traceArk(tape, p, inner, r + 1, offset, state);
    state = traceMix(tape, p, `${inner}.mix[${r}]`, p.mix, state);
  }
  state = state.map((value, j) =>
    traceSigma(tape, `${inner}.sigmaF[${fullRounds - 1}][${j}]`, value),
  );
  let sum = 0n;
  state.forEach((value, j) => {
    sum += at(p.mix, j * p.width) * tape.set(`${inner}.mixLast[0].in[${j}]`, value);
  });
  tape.set(`${inner}.mixLast[0].out`, sum);
  tape.set(`${inner}.out[0]`, sum);
  return tape.set(`${name}.out`, sum);
}

function traceSigma(tape: Tape, name: string, value: bigint): bigint {
  const base = tape.set(`${name}.in`, value);
  const square = tape.set(`${name}.in2`, base * base);
  const fourth = tape.set(`${name}.in4`, square * square);
  return tape.set(`${name}.out`, fourth * base);
}

function traceArk(
  tape: Tape,
  p: Parameters,
  inner: string,
  index: number,
  offset: number,
  state: readonly bigint[],
): bigint[] {
  return state.map((value, j) => {
    tape.set(`${inner}.ark[${index}].in[${j}]`, value);
    return tape.set(`${inner}.ark[${index}].out[${j}]`, value + at(p.constants, offset + j));
  });
}

function traceMix(
  tape: Tape,
  p: Parameters,
  name: string,
  matrix: readonly bigint[],
  state: readonly bigint[],
): bigint[] {
  state.forEach((value, j) => {
    tape.set(`${name}.in[${j}]`, value);
  });
  return state.map((_, i) => {
    const sum = state.reduce((all, value, j) => all + at(matrix, j * p.width + i) * value, 0n);
    return tape.set(`${name}.out[${i}]`, sum);
  });
}

function tracePartialRound(
  tape: Tape,
  p: Parameters,
  inner: string,
  round: number,
  state: readonly bigint[],
): bigint[] {
  const { width } = p;
  const name = `${inner}.mixS[${round}]`;
  const boxed = traceSigma(tape, `${inner}.sigmaP[${round}]`, at(state, 0));
  const first = reduce(boxed + at(p.constants, (half + 1) * width + round));
  const inputs = [first, ...state.slice(1)];
  inputs.forEach((value, j) => {
    tape.set(`${name}.in[${j}]`, value);
  });
  const offset = (2 * width - 1) * round;
  const head = inputs.reduce((all, value, i) => all + at(p.sparse, offset + i) * value, 0n);
  return inputs.map((value, i) =>
    tape.set(
      `${name}.out[${i}]`,
      i === 0 ? head : value + first * at(p.sparse, offset + width + i - 1),
    ),
  );
}
