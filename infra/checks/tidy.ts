import ts from 'typescript';
import { isTestFile, lineAt, type SourceFile, type Violation } from './source-file.ts';

const MAX_FILE_LINES = 600;
const MAX_FUNCTION_LINES = 80;
const MAX_COLUMNS = 100;

interface BannedText {
  readonly pattern: RegExp;
  readonly message: string;
  readonly appliesTo: (path: string) => boolean;
}

const isTypeScript = (path: string): boolean => /\.m?ts$/.test(path);
const isAssemblyScript = (path: string): boolean => /(^|\/)assembly\/.*\.ts$/.test(path);
const isTest = (path: string): boolean => path.endsWith('.test.ts');

/** Where settings enter the program, or which exist to start other programs. */
const mayReadEnvironment = (path: string): boolean =>
  isTestFile(path) || path.startsWith('infra/') || /(^|[/-])main\.ts$/.test(path);

/** Each banned text names what to write instead. */
const BANNED: readonly BannedText[] = [
  {
    pattern: /@ts-(ignore|nocheck)/g,
    message: 'mend the type instead of silencing the compiler',
    appliesTo: (path) => isTypeScript(path) && !isAssemblyScript(path),
  },
  {
    // AssemblyScript puts decorators where an editor's TypeScript knows none.
    pattern: /@ts-(ignore(?!: decorator$)|nocheck)/gm,
    message: 'AssemblyScript needs only the form that ends in ": decorator"',
    appliesTo: isAssemblyScript,
  },
  {
    // Spelled so that the rule does not find itself.
    pattern: /\b(TOD[O]|FIXM[E]|XX[X])\b/g,
    message: 'do it now, or open an issue',
    appliesTo: isTypeScript,
  },
  {
    // A skip by condition (another platform, data that is not there) passes where it says why: the
    // last line of the run counts it.
    pattern: new RegExp(
      [
        /\b(test|it|describe|suite)\.(only|skip|todo)\(/,
        /\bt\.(todo\(|skip\(\s*\))/,
        /\{\s*(only|skip|todo):\s*(true|['"`])/,
      ]
        .map(({ source }) => source)
        .join('|'),
      'g',
    ),
    message: 'a test that does not run proves nothing: make it run or remove it',
    appliesTo: isTest,
  },
  {
    pattern:
      /new Promise(?:<\w+>)?\(\s*\(?(\w+)\)?\s*=>\s*\{?\s*setTimeout\(\s*(?:\(\)\s*=>\s*)?\1\b/g,
    message: 'a sleep hopes: wait for the condition or event itself',
    appliesTo: isTest,
  },
  {
    pattern: /['"](?:node:)?timers\/promises['"]/g,
    message: 'a sleep hopes: wait for the condition or event itself',
    appliesTo: isTest,
  },
  {
    pattern: /\bprocess\.env\b/g,
    message: 'read the environment in main.ts only and pass the value on',
    appliesTo: (path) => isTypeScript(path) && !mayReadEnvironment(path),
  },
  {
    // Preceded by the start of a path, so that ../home/ or example.org/home/ pass.
    pattern: /(?<=^|[\s"'`(=:])\/(work|home|Users)\/\w/gm,
    message: 'a path of one machine; write it relative to the repository',
    appliesTo: () => true,
  },
  {
    pattern: /https?:\/\/[^\s"'/]*(registry|artifact|npmjs\.org)[^\s"'/]*\//gi,
    message: 'a package registry host; leave the choice to the machine',
    appliesTo: () => true,
  },
];

/** Every breach of the house rules in one file. Files that hold NUL bytes are taken as binary. */
export function checkTidy(file: SourceFile): Violation[] {
  if (file.text.includes('\0')) return [];
  const violations = BANNED.filter(({ appliesTo }) => appliesTo(file.path)).flatMap(
    ({ pattern, message }) =>
      [...file.text.matchAll(pattern)].map((match) => ({
        path: file.path,
        line: lineAt(file.text, match.index),
        message: `${match[0].trim()}: ${message}`,
      })),
  );
  if (!isTypeScript(file.path)) return violations;
  return [...violations, ...checkLines(file), ...checkSyntax(file)];
}

function checkLines(file: SourceFile): Violation[] {
  const lines = file.text.split('\n');
  const violations = lines.flatMap((text, index) => {
    // A URL can't be broken.
    if (text.length <= MAX_COLUMNS || text.includes('https://')) return [];
    const message = `${text.length} columns; break the line at ${MAX_COLUMNS}`;
    return [{ path: file.path, line: index + 1, message }];
  });
  if (lines.length - 1 > MAX_FILE_LINES) {
    const message = `${lines.length - 1} lines; split the file, at most ${MAX_FILE_LINES}`;
    violations.push({ path: file.path, line: MAX_FILE_LINES + 1, message });
  }
  return violations;
}

/** Rules that need the syntax tree: the type `any`, and the length of functions. */
function checkSyntax(file: SourceFile): Violation[] {
  const source = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
  const violations: Violation[] = [];
  const lineOf = (offset: number): number => source.getLineAndCharacterOfPosition(offset).line + 1;
  const visit = (node: ts.Node): void => {
    const line = lineOf(node.getStart(source));
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const message = 'any: name the type, or take unknown and check it';
      violations.push({ path: file.path, line, message });
    }
    // A describe block is a function too, but one that only lists tests.
    if (ts.isFunctionLike(node) && !isTestFile(file.path)) {
      const lines = lineOf(node.end) - line + 1;
      if (lines > MAX_FUNCTION_LINES) {
        const message = `a function of ${lines} lines; split it (aim at 70)`;
        violations.push({ path: file.path, line, message });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return violations;
}
