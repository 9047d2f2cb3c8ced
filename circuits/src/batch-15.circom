// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

include "settlement-batch.circom";

component main {public [count, iv, x, y]} = SettlementBatch(15);
