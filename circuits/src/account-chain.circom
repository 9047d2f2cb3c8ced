// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

include "gadgets.circom";
include "sponge.circom";
include "account-update.circom";

// Statement (STATEMENT.md, section 4): the prover knows `count` account updates, 1 <= count <= K,
// that lead one after another from rootIn to rootOut in the tree of arity 4 and depth DEPTH, with
//   digest = the sponge over their words, started at iv (inactive slots and padding are zero);
//   acc    = sum of (dBase + y dQuote) / (x - id).
// Public, in the order of the signals: rootOut, acc, digest, rootIn, count, iv, x, y.
// iv = Poseidon5([131072 + K, market, epoch, index of the proof, count]); it and (x, y) are the
// verifier's to compute. The same id may appear twice: that only splits its delta.
// Constraints: 7,980 an update, 609 for each 15 words less 3 for each constant one, 2K - 3 for the
// count, less 3 as slot 0 is always active: 32,498 for K = 4 and DEPTH = 12, a domain of 2^15.
template AccountChain(K, DEPTH) {
    signal input rootIn;
    signal input count;
    signal input iv;
    signal input x;
    signal input y;
    signal input id[K];
    signal input base[K];
    signal input quote[K];
    signal input dBase[K];
    signal input dQuote[K];
    signal input siblings[K][DEPTH][3];
    signal output rootOut;
    signal output acc;
    signal output digest;

    var words = 15 * ((K + 14) \ 15);
    component prefix = ActivePrefix(K);
    prefix.count <== count;
    component sponge = Sponge(words);
    sponge.iv <== iv;

    component updates[K];
    signal roots[K + 1];
    roots[0] <== rootIn;
    var sum = 0;
    for (var j = 0; j < K; j++) {
        updates[j] = AccountUpdate(DEPTH);
        updates[j].active <== prefix.active[j];
        updates[j].x <== x;
        updates[j].y <== y;
        updates[j].rootIn <== roots[j];
        updates[j].id <== id[j];
        updates[j].base <== base[j];
        updates[j].quote <== quote[j];
        updates[j].dBase <== dBase[j];
        updates[j].dQuote <== dQuote[j];
        for (var level = 0; level < DEPTH; level++) {
            for (var i = 0; i < 3; i++) {
                updates[j].siblings[level][i] <== siblings[j][level][i];
            }
        }
        roots[j + 1] <== updates[j].rootOut;
        sponge.words[j] <== updates[j].word;
        sum += updates[j].term;
    }
    for (var j = K; j < words; j++) {
        sponge.words[j] <== 0;
    }
    rootOut <== roots[K];
    acc <== sum;
    digest <== sponge.out;
}
