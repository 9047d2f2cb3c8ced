import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTidy } from './tidy.ts';

const messagesFor = (path: string, text: string): string[] =>
  checkTidy({ path, text }).map(({ line, message }) => `${line}: ${message}`);

const sourcePath = 'shared/engine/src/a.ts';
const testPath = 'shared/engine/src/a.test.ts';

// Put together here, so that this file does not hold what it plants.
const machinePath = ['', 'home', 'someone', 'data'].join('/');
const registryUrl = ['https:/', 'registry.example.org', 'pkg'].join('/');
const call = (name: string): string => `test${'.'}${name}('x', () => {});`;
const sleep = (body: string): string => `await ${'new'} Promise((resolve) => ${body});`;

test('planted breaches in sources are found, with their line', () => {
  const planted: [string, RegExp][] = [
    ['\nlet x: any = 1;', /^2: any/],
    ['const x = y as any;', /any: name the type/],
    [`// @ts${'-ignore'}\nf();`, /silencing the compiler/],
    [`// TO${'DO'}: later`, /open an issue/],
    ['const url = process.env.NATS_URL;', /main\.ts only/],
    [`const file = '${machinePath}';`, /path of one machine/],
    [`const x = '${'y'.repeat(100)}';`, /113 columns/],
    [`function f() {\n${'  g();\n'.repeat(80)}}`, /a function of 82 lines/],
    [`const o = {\n  f: () => {\n${'  g();\n'.repeat(80)}},\n};`, /^2: a function of 82 lines/],
    ['x();\n'.repeat(601), /601 lines; split the file/],
  ];
  for (const [text, expected] of planted) {
    assert.match(messagesFor(sourcePath, text).join('\n'), expected, text.slice(0, 60));
  }
});

test('planted breaches in tests are found', () => {
  const planted: [string, RegExp][] = [
    [call('only'), /proves nothing/],
    [call('skip'), /proves nothing/],
    [`t.${'skip'}();`, /proves nothing/],
    [`test('x', { ${'skip'}: true }, () => {});`, /proves nothing/],
    [sleep('setTimeout(resolve, 100)'), /a sleep hopes/],
    [sleep('{ setTimeout(() => resolve(), 100); }'), /a sleep hopes/],
    [`import { setTimeout } from 'node:timers${'/promises'}';`, /a sleep hopes/],
  ];
  for (const [text, expected] of planted) {
    assert.match(messagesFor(testPath, text).join('\n'), expected, text);
  }
});

test('planted breaches in other files are found', () => {
  const silenced = messagesFor('shared/engine/assembly/a.ts', `// @ts${'-ignore'}\n`);
  assert.match(silenced.join(), /needs only the form/);
  assert.match(messagesFor('README.md', `See ${machinePath}.`).join(), /path of one machine/);
  assert.match(messagesFor('package-lock.json', `"${registryUrl}"`).join(), /registry host/);
});

test('what is fine passes', () => {
  const fine: [string, string][] = [
    [sourcePath, 'const many: Map<string, unknown> = company(anything);\n'],
    [sourcePath, `function f() {\n${'  g();\n'.repeat(70)}}\n`],
    [testPath, `describe('x', () => {\n${"  it('y', f);\n".repeat(90)}});\n`],
    [testPath, 'const limit = setTimeout(() => reject(new Error("late")), 1000);\n'],
    [testPath, `if (!there) t.${'skip'}(\`no \${file}: put it there\`);\n`],
    [testPath, `test('x', { ${'skip'}: process.platform !== 'linux' }, f);\n`],
    ['services/market/src/main.ts', 'const { env } = parse(process.env);\n'],
    ['services/market/src/node-main.ts', 'const { env } = parse(process.env);\n'],
    ['shared/engine/assembly/a.ts', `// @ts${'-ignore'}: decorator\n@inline\n`],
    ['README.md', `${'long '.repeat(40)} ../home/x and https://example.org/home/page\n`],
    ['shared/data.bin', `\0${machinePath}`],
  ];
  for (const [path, text] of fine) assert.deepEqual(messagesFor(path, text), [], text.slice(0, 60));
});
