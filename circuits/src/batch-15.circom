// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

// The settlement batch of 15 records: 3,890 constraints. Statement, public signals and the reason
// of each constraint stand in settlement-batch.circom and settlement-row.circom.
include "settlement-batch.circom";

component main {public [count, iv, x, y]} = SettlementBatch(15);
