// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

// Four account updates in the tree of 4^12 accounts: 32,498 constraints. Statement, public signals
// and the reason of each constraint stand in account-chain.circom and account-update.circom.
include "account-chain.circom";

component main {public [rootIn, count, iv, x, y]} = AccountChain(4, 12);
