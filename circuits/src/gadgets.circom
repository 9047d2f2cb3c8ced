// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

// active[j] = [j < count], and 1 <= count <= n.
// Booleans that never rise after they fall form a prefix; the first is fixed to one (count >= 1)
// and there are only n of them (count <= n). Their sum, at most n, cannot wrap the field.
template ActivePrefix(n) {
    signal input count;
    signal output active[n];

    var sum = 0;
    for (var j = 0; j < n; j++) {
        active[j] <-- j < count ? 1 : 0;
        if (j == 0) {
            active[j] === 1;
        } else {
            active[j] * (active[j] - 1) === 0;
            active[j] * (1 - active[j - 1]) === 0;
        }
        sum += active[j];
    }
    sum === count;
}

// out = 1 / in. Unsatisfiable for in = 0: a zero must never pass with an inverse of its choice.
template Inverse() {
    signal input in;
    signal output out;

    out <-- in != 0 ? 1 / in : 0;
    in * out === 1;
}

// in != 0 where flag = 1; says nothing where flag = 0 (the witness then takes inverse = 0).
// flag must already be constrained to {0, 1}.
template NonZeroWhere() {
    signal input in;
    signal input flag;

    signal inverse;
    inverse <-- in != 0 ? flag / in : 0;
    in * inverse === flag;
}
