// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

// Sixteen account updates in the tree of 4^12 accounts: 128,882 constraints, of the 131,072 that
// their domain holds. Statement, public signals (rootOut, acc, digest, rootIn, count, iv, x, y) and
// the reason of each constraint stand in account-chain.circom and account-update.circom.
include "account-chain.circom";

component main {public [rootIn, count, iv, x, y]} = AccountChain(16, 12);
