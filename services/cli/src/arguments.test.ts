import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { integerIn, parseArguments } from './arguments.ts';
import { UsageError } from './cli-error.ts';

const RULES = {
  name: 'order',
  takes: ['buy|sell', 'QUANTITY', 'PRICE'],
  options: { account: { type: 'string' }, verify: { type: 'boolean' } },
} as const;

const NUMBER = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    assert(error instanceof UsageError, String(error));
    return error.message;
  }
  return assert.fail('nothing was refused');
};

test('options and positional arguments in any order', () => {
  const { values, positionals } = parseArguments(RULES, ['buy', '--account', '7', '5', '10']);
  assert.deepEqual(positionals, ['buy', '5', '10']);
  assert.equal(values.account, '7');
});

test('one argument too many is refused, unless help is asked for', () => {
  const args = ['buy', '5', '10', '20'];
  const words = refusal(() => parseArguments(RULES, args));
  assert.match(words, /^"20" is one argument too many: order takes only buy\|sell QUANTITY PRICE/);
  assert.equal(parseArguments(RULES, [...args, '--help']).values.help, true);
  const none = { ...RULES, name: 'tail', takes: [] };
  assert.match(
    refusal(() => parseArguments(none, ['x'])),
    /tail takes no arguments/,
  );
  const many = { ...RULES, takes: ['FILE...'] };
  assert.equal(parseArguments(many, args).positionals.length, 4);
});

test('negative numbers are values, not options', () => {
  const { values, positionals } = parseArguments(RULES, ['buy', '-5', '-1', '--account', '-3']);
  assert.deepEqual(positionals, ['buy', '-5', '-1']);
  assert.equal(values.account, '-3');
  const after = parseArguments(RULES, ['--verify', '-5', '--', '-7']);
  assert.deepEqual([after.positionals, after.values.verify], [['-5', '-7'], true]);
});

test('what is wrong with an option, in one line', () => {
  for (const [args, words] of [
    [['--nope'], /^there is no option --nope; see: foldbook order --help$/],
    [['-x'], /^there is no option -x;/],
    [['--account'], /^--account needs a value;/],
    [['--account', '--verify'], /^--account needs a value; one that starts with a dash/],
    [['--verify=3'], /^--verify takes no value;/],
  ] as const) {
    const message = refusal(() => parseArguments(RULES, args));
    assert.match(message, words);
    assert(!message.includes('\n'));
  }
});

test('a whole number is taken when it lies in its range, and the range is said otherwise', () => {
  fc.assert(
    fc.property(NUMBER, NUMBER, NUMBER, (value, one, other) => {
      const [least, most] = one < other ? [one, other] : [other, one];
      const read = () => integerIn('N', `${value}`, least, most);
      if (value >= least && value <= most) assert.equal(read(), value);
      else assert.equal(refusal(read), `N ${value}: give a whole number from ${least} to ${most}`);
    }),
  );
  for (const text of ['', ' 1', '1.5', '0x10', '1e3', '+1', '--1', '1'.repeat(1_000)]) {
    assert.match(
      refusal(() => integerIn('N', text, 0n, 99n)),
      /: give a whole number from 0 to 99$/,
    );
  }
  assert.equal(
    refusal(() => integerIn('N', undefined, 1n, 2n)),
    'N is missing: give a whole number from 1 to 2',
  );
});

test('an option whose value may be left out takes its first word, and no word of others', () => {
  const wordOptions = { 'post-only': ['reject', 'slide'] };
  const options = { ...RULES.options, 'post-only': { type: 'string' } } as const;
  const rules = { ...RULES, options, wordOptions };
  const read = (line: string) => parseArguments(rules, line.split(' '));
  for (const [line, value, positionals] of [
    ['buy 5 10 --post-only', 'reject', ['buy', '5', '10']],
    ['buy 5 --post-only 10', 'reject', ['buy', '5', '10']],
    ['buy 5 --post-only slide 10', 'slide', ['buy', '5', '10']],
    ['--post-only --account 7 buy', 'reject', ['buy']],
    ['--post-only=slide buy', 'slide', ['buy']],
    ['--post-only -5', 'reject', ['-5']],
    ['-- buy --post-only slide', undefined, ['buy', '--post-only', 'slide']],
  ] as const) {
    const { values, positionals: given } = read(line);
    assert.equal(values['post-only'], value, line);
    assert.deepEqual(given, positionals, line);
  }
});

test('an option whose value, a number, may be left out before anything', () => {
  const options = { ...RULES.options, parallel: { type: 'string' } } as const;
  const rules = { ...RULES, options, countOptions: ['parallel'] };
  for (const [line, value, positionals] of [
    ['buy --parallel', '', ['buy']],
    ['--parallel --account 7 buy', '', ['buy']],
    ['--parallel buy', '', ['buy']],
    ['--parallel 12 buy', '12', ['buy']],
    ['buy --parallel=3 5', '3', ['buy', '5']],
    ['buy', undefined, ['buy']],
  ] as const) {
    const { values, positionals: given } = parseArguments(rules, line.split(' '));
    assert.equal(values.parallel, value, line);
    assert.deepEqual(given, positionals, line);
  }
});

test('an option whose value is left out where another one follows, or nothing', () => {
  const options = { ...RULES.options, check: { type: 'string' } } as const;
  const rules = { ...RULES, options, openOptions: ['check'] };
  for (const [line, value, positionals] of [
    ['buy --check', '', ['buy']],
    ['--check --account 7 buy', '', ['buy']],
    ['--check buy', 'buy', []],
    ['buy --check=x 5', 'x', ['buy', '5']],
    ['buy', undefined, ['buy']],
  ] as const) {
    const { values, positionals: given } = parseArguments(rules, line.split(' '));
    assert.equal(values.check, value, line);
    assert.deepEqual(given, positionals, line);
  }
});
