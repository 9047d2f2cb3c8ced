/**
 * What must be the same again: the engine, whose outcome is a function of its log, and all that the
 * simulator runs, which gets its time and its chances from there.
 */
import { isTestFile, lineAt, type SourceFile, type Violation } from './source-file.ts';

interface Banned {
  readonly pattern: RegExp;
  readonly what: string;
}

const CLOCKS: readonly Banned[] = [
  { pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)/g, what: 'the clock' },
  { pattern: /\bperformance\s*\.\s*now\b|\bprocess\s*\.\s*hrtime\b/g, what: 'the clock' },
];
const CHANCES: readonly Banned[] = [
  {
    pattern: /\bMath\s*\.\s*random\b|\bgetRandomValues\b|\brandomBytes\b|\brandomUUID\b/g,
    what: 'randomness',
  },
];
const TIMERS: readonly Banned[] = [
  { pattern: /\bset(Timeout|Interval|Immediate)\b/g, what: 'timers' },
  { pattern: /['"](node:)?timers(\/promises)?['"]/g, what: 'timers' },
];
const IO: readonly Banned[] = [
  { pattern: /['"](node:)?(fs|net|http|child_process)(\/promises)?['"]/g, what: 'I/O' },
];
/** A table of constants, in capitals, has the order in which it is written. */
const KEY_ORDER: readonly Banned[] = [
  { pattern: /\bfor\s*\(\s*(?:const|let)\s+\w+\s+in\b/g, what: 'the order of object keys' },
  {
    pattern: /\bObject\s*\.\s*(?:keys|values|entries)(?:<[^>]*>)?\(\s*[a-z]/g,
    what: 'the order of object keys',
  },
];

interface Rule {
  readonly who: string;
  readonly instead: string;
  readonly appliesTo: (path: string) => boolean;
  readonly banned: readonly Banned[];
}

/** Reads the kernel's own code from its file, before there is an engine. */
const KERNEL_LOADER = 'shared/engine/src/kernel/kernel-module.ts';
/** What of the market service a simulation has in its own form, or does without. */
const NOT_SIMULATED =
  /^services\/market\/src\/(main|config|profiling|host-(thread|worker)|shared-memory-adapter)\.ts$/;

const isEngine = (path: string) =>
  /^shared\/engine\/(src|assembly)\//.test(path) && path !== KERNEL_LOADER;
const isMarketState = (path: string) =>
  /^shared\/engine\/(assembly|src\/(naive|kernel|snapshot))\//.test(path);
const isAgent = (path: string) =>
  (/^services\/market\/src\/[^/]+\.ts$/.test(path) && !NOT_SIMULATED.test(path)) ||
  /^shared\/client\/src\/[^/]+\.ts$/.test(path) ||
  path === 'shared/runtime/src/agent.ts';
/** The scheduler itself has to wait for promises to run out. */
const isSimulator = (path: string) =>
  path.startsWith('services/simulation/src/') && !path.endsWith('/scheduler.ts');

const RULES: readonly Rule[] = [
  {
    who: 'the engine',
    instead: "its inputs are the log's records",
    appliesTo: isEngine,
    banned: [...CLOCKS, ...CHANCES, ...TIMERS, ...IO],
  },
  {
    who: 'an agent',
    instead: 'take it from a Clock or from Timers',
    appliesTo: isAgent,
    banned: [...CLOCKS, ...TIMERS, ...CHANCES],
  },
  {
    who: 'the simulator',
    instead: 'take it from the scheduler or from its dice',
    appliesTo: isSimulator,
    banned: [...CLOCKS, ...TIMERS, ...CHANCES],
  },
  {
    who: 'what has to be the same again',
    instead: 'take an array, or a Map, which has the order of its making',
    appliesTo: (path) => isMarketState(path) || isAgent(path),
    banned: KEY_ORDER,
  },
];

/** Every use of what differs from run to run, in a file that must not. */
export function checkDeterminism(file: SourceFile): Violation[] {
  if (!/\.(ts|mts|mjs|js)$/.test(file.path) || isTestFile(file.path)) return [];
  const rules = RULES.filter(({ appliesTo }) => appliesTo(file.path));
  if (rules.length === 0) return [];
  const text = blankComments(file.text);
  return rules.flatMap(({ who, instead, banned }) =>
    banned.flatMap(({ pattern, what }) =>
      [...text.matchAll(pattern)].map((match) => ({
        path: file.path,
        line: lineAt(text, match.index),
        message: `${match[0]}: ${who} must not use ${what}; ${instead}`,
      })),
    ),
  );
}

/** Comments replaced by spaces, so that they may name what the code must not use. */
function blankComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, (comment) =>
    comment.replace(/[^\n]/g, ' '),
  );
}
