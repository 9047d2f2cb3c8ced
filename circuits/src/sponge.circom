// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

include "poseidon.circom";

// Binds `n` words, in order, to one field element (n a multiple of 15):
//   h0 = iv;  h(i+1) = Poseidon16([h(i), word(15i), ..., word(15i+14)]);  out = the last h.
// The number of words is fixed by the template and bound by the verifier through iv, so the
// chain needs no length padding. Words are field elements; callers keep them below 2^253.
template Sponge(n) {
    assert(n % 15 == 0);
    signal input iv;
    signal input words[n];
    signal output out;

    var chunks = n \ 15;
    signal state[chunks + 1];
    state[0] <== iv;
    component permutation[chunks];
    for (var i = 0; i < chunks; i++) {
        permutation[i] = Poseidon(16);
        permutation[i].inputs[0] <== state[i];
        for (var j = 0; j < 15; j++) {
            permutation[i].inputs[1 + j] <== words[15 * i + j];
        }
        state[i + 1] <== permutation[i].out;
    }
    out <== state[chunks];
}
