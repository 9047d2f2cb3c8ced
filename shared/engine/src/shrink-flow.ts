/**
 * Finds a small flow of commands on which two engines disagree, where they disagree on a large one.
 */
import {
  type CommandGroup,
  type CompareOptions,
  type Comparison,
  compareEngines,
  DivergenceError,
  type EnginePair,
  singly,
} from './compare-engines.ts';
import type { Engine } from './engine.ts';
import { describeCommand } from './event-words.ts';

export type MakeEngines = EnginePair<() => Engine>;

/** Runs of a flow that shrinking may take. */
const MAX_RUNS = 400;

/**
 * Like `compareEngines` on new engines, and where they differ the flow is made smaller, as long as
 * they still do.
 * @param name - of the flow, as in "seed 17": with it anybody can run it again
 * @throws DivergenceError that tells the smallest flow found, what it differs in, and both answers
 */
export function compareFlow(
  name: string,
  make: MakeEngines,
  groups: Iterable<CommandGroup>,
  options: CompareOptions = {},
): Comparison {
  const seen: CommandGroup[] = [];
  const remembered = rememberGroups(groups, seen);
  try {
    return compareEngines(make.left(), make.right(), remembered, options);
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    throw explain(
      name,
      make,
      seen.flatMap((group) => [...singly(group)]),
      error,
    );
  }
}

function* rememberGroups(groups: Iterable<CommandGroup>, seen: CommandGroup[]) {
  for (const group of groups) {
    seen.push(group);
    yield group;
  }
}

function explain(
  name: string,
  make: MakeEngines,
  flow: readonly CommandGroup[],
  first: DivergenceError,
): DivergenceError {
  const found = divergence(make, flow);
  if (found === undefined) {
    const single = 'command by command, from the beginning, they agree';
    return new DivergenceError(first.sequence, `${name}: ${first.message}\n(${single})`);
  }
  const { flow: small, error } = shrinkFlow(make, flow, found);
  const lines = small.map(({ records, timeNs }, index) => {
    return `  ${index + 1} at ${timeNs}: ${describeCommand(records)}`;
  });
  const head = `${name}, command ${first.sequence}: ${first.message}`;
  const shrunk = `of ${flow.length} commands these ${small.length} are enough:`;
  const message = `${head}\n${shrunk}\n${lines.join('\n')}\nthere ${error.message}`;
  return new DivergenceError(first.sequence, message);
}

interface Shrunk {
  readonly flow: readonly CommandGroup[];
  readonly error: DivergenceError;
}

/** Leaves ever smaller runs of commands out, as long as the rest still shows a difference. */
function shrinkFlow(
  make: MakeEngines,
  flow: readonly CommandGroup[],
  error: DivergenceError,
): Shrunk {
  let best: Shrunk = { flow: flow.slice(0, Number(error.sequence)), error };
  let runs = 0;
  for (let size = best.flow.length >> 1; size >= 1; size >>= 1) {
    for (let end = best.flow.length; end > 0 && runs < MAX_RUNS; end -= size) {
      const start = Math.max(0, end - size);
      const rest = [...best.flow.slice(0, start), ...best.flow.slice(end)];
      runs += 1;
      const still = divergence(make, rest);
      if (still !== undefined) best = { flow: rest.slice(0, Number(still.sequence)), error: still };
    }
  }
  return best;
}

/** Where two new engines disagree on a flow of single commands; undefined if they do not. */
function divergence(make: MakeEngines, flow: readonly CommandGroup[]): DivergenceError | undefined {
  try {
    compareEngines(make.left(), make.right(), flow);
    return undefined;
  } catch (error) {
    if (error instanceof DivergenceError) return error;
    throw error;
  }
}
