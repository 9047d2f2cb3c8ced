// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Measures what parts of STARK chains take, by the heights of their tables, and writes what the
 * router's simulation draws from: node services/prover/bench/part-costs.ts
 * Each heights in a process of its own, one thread; memory is the most that the process held.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { threadCpuUsage } from 'node:process';
import { fileURLToPath } from 'node:url';
import {
  type AccountTable,
  DEFAULT_PARAMETERS,
  Kernel,
  MAX_PART_RECORDS,
  PartProver,
  readKernelModule,
  verifyPart,
} from '@foldbook/stark';
import { RecordKind, type SettlementRecord } from '@foldbook/verifier';
import { partKind } from '../src/router/part-kind.ts';
import { MEASURED_PARTS } from '../src/router/simulation-parts.ts';

const PROOFS = 8;
const VERIFICATIONS = 8;
const ACCOUNTS = [1_000, 16_000];
const RECORDS = [4_096, 8_192, 16_384, 32_768, 65_536, MAX_PART_RECORDS];
const FUNDS = 2n ** 48n;

/** Everybody has the same; the supply owes it all. */
function fundedAccounts(count: number): AccountTable {
  const ids = Uint32Array.from({ length: count }, (_, row) => row);
  const users = BigInt(count - 2);
  const balances = BigUint64Array.from({ length: count }, (_, row) => {
    if (row === 0) return users * FUNDS;
    return row === 1 ? 0n : FUNDS;
  });
  return { ids, base: balances, quote: balances.slice() };
}

/** Trades among all accounts, each with two fees. */
function trades(count: number, accounts: number): SettlementRecord[] {
  return Array.from({ length: count }, (_, index): SettlementRecord => {
    const trade = Math.floor(index / 3);
    const [a, b] = [2 + (trade % (accounts - 2)), 2 + ((7 * trade + 1) % (accounts - 2))];
    const [price, dBase] = [BigInt(1 + (trade % 5_000)), BigInt(1 + (trade % 900))];
    const moved = { dBase, dQuote: price * dBase };
    if (index % 3 === 0) return { kind: RecordKind.TRADE, a, b, price, ...moved };
    const fee = { kind: RecordKind.FEE, a: 1, price: 0n, dBase: 0n, dQuote: BigInt(index % 50) };
    return { ...fee, b: index % 3 === 1 ? a : b };
  });
}

function cpuMsOf(work: () => void): number {
  const started = threadCpuUsage();
  work();
  const { user, system } = threadCpuUsage(started);
  return Number(((user + system) / 1_000).toFixed(2));
}

async function measure(count: number, accountCount: number) {
  const prover = new PartProver(new Kernel(await readKernelModule()), DEFAULT_PARAMETERS);
  const place = { chainId: new Uint8Array(32), market: 1, epoch: 0n, part: 0, recordFirst: 0n };
  const accounts = fundedAccounts(accountCount);
  const input = { ...place, records: trades(count, accountCount), accounts };
  // Code is compiled while it proves the first one.
  let made = prover.prove(input);
  // What the search for a nonce takes is luck: another statement each time.
  const cpuMs = Array.from({ length: PROOFS }, (_, epoch) =>
    cpuMsOf(() => {
      made = prover.prove({ ...input, epoch: BigInt(epoch) });
    }),
  );
  const rssBytes = 1_024 * process.resourceUsage().maxRSS;
  const { statement, proof } = made;
  const verifications = Array.from({ length: VERIFICATIONS }, () =>
    cpuMsOf(() => {
      if (!verifyPart(statement, proof).ok) throw new Error('a proof that does not verify');
    }),
  ).sort((left, right) => left - right);
  const verifyMs = verifications[VERIFICATIONS / 2] ?? 0;
  const { records, accounts: rows } = partKind(count, accountCount, DEFAULT_PARAMETERS.logBlowup);
  const proofBytes = statement.length + proof.length;
  return { records, accounts: rows, leaf: { cpuMs, rssBytes, proofBytes, verifyMs } };
}

const [records, accounts] = process.argv.slice(2).map(Number);
if (records !== undefined && accounts !== undefined) {
  process.stdout.write(JSON.stringify(await measure(records, accounts)));
} else {
  const self = fileURLToPath(import.meta.url);
  const rows = ACCOUNTS.flatMap((held) =>
    RECORDS.map((count): unknown =>
      JSON.parse(execFileSync(process.execPath, [self, `${count}`, `${held}`]).toString('utf8')),
    ),
  );
  writeFileSync(MEASURED_PARTS, `${JSON.stringify({ parts: rows }, null, 2)}\n`);
}
