// Makes .env for docker-compose.yml: one random password for each user of the broker and the queue.
// Plain JavaScript without dependencies; leaves an existing file alone.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const FILE = new URL('../../.env', import.meta.url);
const NAMES = [
  'MARKET_PASSWORD',
  'PROVER_PASSWORD',
  'OPERATOR_PASSWORD',
  'AUDITOR_PASSWORD',
  'TRADER7_PASSWORD',
  'TRADER8_PASSWORD',
  'REDIS_PASSWORD',
];

// A letter first: the broker reads a value that starts with a digit as a number.
const lines = NAMES.map((name) => `${name}=p${randomBytes(18).toString('hex')}`);
try {
  writeFileSync(FILE, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  console.log('.env made, with new passwords (readable by you only)');
} catch (error) {
  if (error.code !== 'EEXIST') throw error;
  console.log('.env is there already; delete it for new passwords');
}
