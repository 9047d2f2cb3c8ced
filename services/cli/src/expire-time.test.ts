import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './cli-error.ts';
import { expireTimeFrom } from './expire-time.ts';

const NOW_MS = Date.parse('2030-01-01T00:00:00.999Z');
const NOW_SECONDS = Math.floor(NOW_MS / 1_000);

test('seconds since 1970, from now, and times with an offset', () => {
  for (const [text, seconds] of [
    [`${NOW_SECONDS + 5}`, NOW_SECONDS + 5],
    ['+3600', NOW_SECONDS + 3_600],
    ['2030-01-01T00:01:00Z', NOW_SECONDS + 60],
    ['2030-01-01T00:01Z', NOW_SECONDS + 60],
    ['2030-01-01T02:01:00+02:00', NOW_SECONDS + 60],
    ['2030-01-02', NOW_SECONDS + 86_400],
    ['4294967295', 4_294_967_295],
  ] as const) {
    assert.equal(expireTimeFrom(text, NOW_MS), seconds, text);
  }
});

test('no time, no day of the calendar, a time of no place, past, or too late', () => {
  for (const [text, words] of [
    ['', /^--expire : give seconds since 1970, \+SECONDS from now, or a time like /],
    ['tomorrow', /^--expire tomorrow: give /],
    ['-5', /^--expire -5: give /],
    ['1e10', /^--expire 1e10: give /],
    ['2030-02-30', /^--expire 2030-02-30: give /],
    ['2030-13-01T00:00:00Z', /: give /],
    ['2030-01-01T00:01:00', /: give /],
    [`${NOW_SECONDS}`, /^--expire \d+: 2030-01-01T00:00:00.000Z is past; give /],
    ['60', /^--expire 60: 1970-01-01T00:01:00.000Z is past; give .*\+SECONDS/],
    ['4294967296', /^--expire 4294967296 is too late: 2106-02-07T06:28:15.000Z is the last$/],
    ['+99999999999', /is too late/],
    ['9'.repeat(50), /^--expire 9{40}: give /],
  ] as const) {
    assert.throws(
      () => expireTimeFrom(text, NOW_MS),
      (error: unknown) => error instanceof UsageError && words.test(error.message),
      text,
    );
  }
});
