// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

// The settlement batch of 240 records: 62,300 constraints, of the 65,536 that its domain holds.
// Statement, public signals (digest, acc, count, iv, x, y) and the reason of each constraint stand
// in settlement-batch.circom and settlement-row.circom.
include "settlement-batch.circom";

component main {public [count, iv, x, y]} = SettlementBatch(240);
