// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

include "gadgets.circom";
include "sponge.circom";
include "settlement-row.circom";

// Statement (STATEMENT.md, section 3): the prover knows `count` well-formed settlement records,
// 1 <= count <= N, followed by N - count all-zero rows, such that
//   digest = the sponge over their N words, started at iv;
//   acc    = sum of (dBase - y dQuote) (1/(x - b) - 1/(x - a)).
// Public, in the order of the signals: digest, acc, count, iv, x, y.
// iv = Poseidon5([65536 + N, market, epoch, seq0, count]) and (x, y) are the verifier's to compute.
// Constraints: 217 a row, 609 for each 15 rows, 2N - 3 for the count, less 1 as row 0 is always
// active: 3,890 for N = 15, and 62,300 for N = 240, which a domain of 2^16 still holds.
template SettlementBatch(N) {
    signal input count;
    signal input iv;
    signal input x;
    signal input y;
    signal input kind[N];
    signal input a[N];
    signal input b[N];
    signal input price[N];
    signal input dBase[N];
    signal input dQuote[N];
    signal output digest;
    signal output acc;

    component prefix = ActivePrefix(N);
    prefix.count <== count;
    component sponge = Sponge(N);
    sponge.iv <== iv;

    component rows[N];
    var sum = 0;
    for (var j = 0; j < N; j++) {
        rows[j] = SettlementRow();
        rows[j].active <== prefix.active[j];
        rows[j].x <== x;
        rows[j].y <== y;
        rows[j].kind <== kind[j];
        rows[j].a <== a[j];
        rows[j].b <== b[j];
        rows[j].price <== price[j];
        rows[j].dBase <== dBase[j];
        rows[j].dQuote <== dQuote[j];
        sponge.words[j] <== rows[j].word;
        sum += rows[j].term;
    }
    digest <== sponge.out;
    acc <== sum;
}
