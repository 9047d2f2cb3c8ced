import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './logger.ts';

function capture(format: 'json' | 'human', level: 'debug' | 'warn' = 'debug') {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { lines, logger: createLogger({ service: 'market', level, format, write }) };
}

test('JSON lines carry time, level, service, message and fields', () => {
  const { lines, logger } = capture('json');
  logger.warn('the log stalls', { pending: 3, at: 12n, cause: new Error('no quorum') });
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] ?? '');
  assert(!Number.isNaN(Date.parse(time)));
  assert.deepEqual(rest, {
    level: 'warn',
    service: 'market',
    message: 'the log stalls',
    pending: 3,
    at: '12',
    cause: 'no quorum',
  });
});

test('human lines quote what has spaces and stay on one line', () => {
  const { lines, logger } = capture('human');
  logger.info('ready', { core: 1, detail: 'two\nlines', none: undefined, ids: [1n] });
  assert.match(lines[0] ?? '', /INFO {2}market: ready core=1 detail="two\\nlines" ids=\["1"\]\n$/);
});

test('lines below the level are left out', () => {
  const { lines, logger } = capture('human', 'warn');
  logger.debug('a');
  logger.info('b');
  logger.warn('c');
  logger.error('d');
  assert.equal(lines.length, 2);
});
