import assert from 'node:assert/strict';
import { it } from 'node:test';
import { RECORD_BYTES } from './layout.ts';
import { MAX_COMMANDS_PER_GROUP, MAX_COMMANDS_PER_MESSAGE, MAX_MESSAGE_BYTES } from './limits.ts';

it('messages and groups fit where they have to', () => {
  assert((MAX_COMMANDS_PER_MESSAGE + 1) * RECORD_BYTES <= MAX_MESSAGE_BYTES);
  assert((MAX_COMMANDS_PER_GROUP + 1) * RECORD_BYTES <= 1024 * 1024, "a broker's default");
  assert(MAX_COMMANDS_PER_GROUP >= MAX_COMMANDS_PER_MESSAGE);
});
