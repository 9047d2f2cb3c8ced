// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

include "account-chain.circom";

component main {public [rootIn, count, iv, x, y]} = AccountChain(4, 12);
