// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

include "bitify.circom";
include "comparators.circom";
include "poseidon.circom";
include "gadgets.circom";

// The four children of a node, given one of them, its position (bits low, high) and its three
// siblings in ascending position. A carry walks from the left: at each place the sibling goes
// down and the child is carried on until its position is reached. `both` = low * high.
template Children() {
    signal input child;
    signal input siblings[3];
    signal input low;
    signal input high;
    signal input both;
    signal output out[4];

    signal past0 <== (low + high - both) * (siblings[0] - child);
    out[0] <== child + past0;
    signal carry1 <== siblings[0] - past0;
    signal past1 <== high * (siblings[1] - carry1);
    out[1] <== carry1 + past1;
    signal carry2 <== siblings[1] - past1;
    signal past2 <== both * (siblings[2] - carry2);
    out[2] <== carry2 + past2;
    out[3] <== siblings[2] - past2;
}

// The roots above an old and a new leaf on one path: the same siblings and the same position
// serve both, so nothing but that leaf can differ between the two trees.
// 601 constraints a level: two permutations of 297 and 7 to place the children.
template TwoRoots(DEPTH) {
    signal input positionBits[2 * DEPTH];
    signal input siblings[DEPTH][3];
    signal input oldLeaf;
    signal input newLeaf;
    signal output oldRoot;
    signal output newRoot;

    signal oldNode[DEPTH + 1];
    signal newNode[DEPTH + 1];
    signal low[DEPTH];
    signal high[DEPTH];
    signal both[DEPTH];
    signal change[DEPTH];
    signal changeLow[DEPTH];
    signal changeHigh[DEPTH];
    signal changeBoth[DEPTH];
    component children[DEPTH];
    component oldHash[DEPTH];
    component newHash[DEPTH];
    oldNode[0] <== oldLeaf;
    newNode[0] <== newLeaf;
    for (var level = 0; level < DEPTH; level++) {
        low[level] <== positionBits[2 * level];
        high[level] <== positionBits[2 * level + 1];
        both[level] <== low[level] * high[level];
        children[level] = Children();
        children[level].child <== oldNode[level];
        children[level].low <== low[level];
        children[level].high <== high[level];
        children[level].both <== both[level];
        oldHash[level] = Poseidon(4);
        newHash[level] = Poseidon(4);
        for (var i = 0; i < 3; i++) {
            children[level].siblings[i] <== siblings[level][i];
        }

        // The new children are the old ones with the change added at the position alone.
        change[level] <== newNode[level] - oldNode[level];
        changeLow[level] <== change[level] * low[level];
        changeHigh[level] <== change[level] * high[level];
        changeBoth[level] <== change[level] * both[level];
        var at[4];
        at[0] = change[level] - changeLow[level] - changeHigh[level] + changeBoth[level];
        at[1] = changeLow[level] - changeBoth[level];
        at[2] = changeHigh[level] - changeBoth[level];
        at[3] = changeBoth[level];
        for (var i = 0; i < 4; i++) {
            oldHash[level].inputs[i] <== children[level].out[i];
            newHash[level].inputs[i] <== children[level].out[i] + at[i];
        }
        oldNode[level + 1] <== oldHash[level].out;
        newNode[level + 1] <== newHash[level].out;
    }
    oldRoot <== oldNode[DEPTH];
    newRoot <== newNode[DEPTH];
}

// One touched account (STATEMENT.md, section 4): its leaf (base, quote) under rootIn becomes
// (base + s dBase, quote + s dQuote) under rootOut, s = -1 for the supply account (id 0) and
// +1 for every other. `word` packs (id, deltas), `term` is its share of the accumulator.
//
// `active` is constrained to {0, 1} by the caller. An inactive slot has id 0, deltas 0, word 0,
// term 0 and rootOut = rootIn; its leaf and siblings are then without effect.
// 7,980 constraints at depth 12: 7,212 for the paths, 480 for the leaves, 278 range bits, 10 more.
template AccountUpdate(DEPTH) {
    signal input active;
    signal input x;
    signal input y;
    signal input rootIn;
    signal input id;
    signal input base;
    signal input quote;
    signal input dBase;
    signal input dQuote;
    signal input siblings[DEPTH][3];
    signal output rootOut;
    signal output word;
    signal output term;

    // -- Position: id is an account number, and its digits are the path.
    component idBits = Num2Bits(2 * DEPTH);
    idBits.in <== id;

    // -- Deltas: -2^63 <= delta < 2^63, so that they pack without overlap.
    component dBaseBits = Num2Bits(64);
    dBaseBits.in <== dBase + 2 ** 63;
    component dQuoteBits = Num2Bits(64);
    dQuoteBits.in <== dQuote + 2 ** 63;

    // -- Sign: the supply leaf holds what is outstanding, the negative of the supply account's
    // balance. The sign follows from the id alone; a prover who chose it could mint.
    component isSupply = IsZero();
    isSupply.in <== id;
    signal supplyBase <== isSupply.out * dBase;
    signal supplyQuote <== isSupply.out * dQuote;
    signal newBase <== base + dBase - 2 * supplyBase;
    signal newQuote <== quote + dQuote - 2 * supplyQuote;

    // -- Balances: 0 <= new < 2^63. The old ones are under rootIn, so were ranged when they were
    // written (or are the zeros of the empty tree); a sum of the two ranges cannot wrap.
    component newBaseBits = Num2Bits(63);
    newBaseBits.in <== newBase;
    component newQuoteBits = Num2Bits(63);
    newQuoteBits.in <== newQuote;

    // -- Tree.
    component oldLeaf = Poseidon(2);
    oldLeaf.inputs[0] <== base;
    oldLeaf.inputs[1] <== quote;
    component newLeaf = Poseidon(2);
    newLeaf.inputs[0] <== newBase;
    newLeaf.inputs[1] <== newQuote;
    component roots = TwoRoots(DEPTH);
    roots.oldLeaf <== oldLeaf.out;
    roots.newLeaf <== newLeaf.out;
    for (var i = 0; i < 2 * DEPTH; i++) {
        roots.positionBits[i] <== idBits.out[i];
    }
    for (var level = 0; level < DEPTH; level++) {
        for (var i = 0; i < 3; i++) {
            roots.siblings[level][i] <== siblings[level][i];
        }
    }
    // An active slot opens rootIn; an inactive one passes it on whatever it computed.
    (roots.oldRoot - rootIn) * active === 0;
    rootOut <== rootIn + active * (roots.newRoot - rootIn);

    // -- Word, 152 bits in an active slot: id, dBase + 2^63, dQuote + 2^63. In an inactive slot
    // id + 2^24 dBase + 2^88 dQuote = 0 leaves, by the ranges, only zero for each of the three;
    // the word is then zero too, because the offsets are added in active slots alone.
    var packed = id + dBase * 2 ** 24 + dQuote * 2 ** 88;
    packed * (1 - active) === 0;
    word <== packed + active * (2 ** 87 + 2 ** 151);

    // -- Accumulator.
    component pole = Inverse();
    pole.in <== x - id;
    signal quotePart <== y * dQuote;
    term <== (dBase + quotePart) * pole.out;
}
