// SPDX-License-Identifier: GPL-3.0-or-later
pragma circom 2.1.6;

include "bitify.circom";
include "gadgets.circom";

// One settlement record (STATEMENT.md, section 2): it is well formed for its kind, `word` is its
// injective packing, and `term` is its share of the accumulator at the challenge (x, y).
//
// `active` is constrained to {0, 1} by the caller; an inactive row is zero in every field.
// 217 constraints a row: 195 range bits, 7 kind flags, 15 for the rules and the accumulator.
//
// Only a trade moves both assets, so the two ranges of a row are shared: `quantity` (48 bits) is
// the base of a trade and zero otherwise; `amount` (63 bits) is the quote of a trade and the one
// amount that any other kind moves. That saves 14 bits a row over ranging both fields alone.
template SettlementRow() {
    signal input active;
    signal input x;
    signal input y;
    signal input kind;
    signal input a;
    signal input b;
    signal input price;
    signal input dBase;
    signal input dQuote;
    signal output word;
    signal output term;

    // -- Kind. One-hot over 1..7; no flag at all exactly in an inactive row. A kind outside 0..7,
    // an active row of kind 0 and an inactive row of another kind have no solution.
    signal is[8];
    is[0] <== 1 - active;
    var flags = 0;
    var kindSum = 0;
    for (var k = 1; k < 8; k++) {
        is[k] <-- kind == k ? 1 : 0;
        is[k] * (is[k] - 1) === 0;
        flags += is[k];
        kindSum += k * is[k];
    }
    flags === active;
    kindSum === kind;

    var isTrade = is[1];
    var isFee = is[2];
    var isRebate = is[3];
    var movesBase = is[4] + is[6];

    // -- Sides. A fixed side is 0 (supply, or padding) or 1 (fee account) as the kind says:
    // without this a "fee" moves money between users and a "trade" with account 0 mints it.
    // aFixed and bFixed are sums of one-hot flags, so themselves in {0, 1}.
    var aFixed = is[2] + is[4] + is[7] + is[0];
    var bFixed = is[3] + is[5] + is[6] + is[0];
    a * aFixed === isFee;
    b * bFixed === isRebate;

    // A free side is an account: 2 <= id < 2^24. The bits above the lowest are not all zero.
    component aBits = Num2Bits(24);
    aBits.in <== a;
    component bBits = Num2Bits(24);
    bBits.in <== b;
    var aHigh = 0;
    var bHigh = 0;
    for (var i = 1; i < 24; i++) {
        aHigh += aBits.out[i] * 2 ** (i - 1);
        bHigh += bBits.out[i] * 2 ** (i - 1);
    }
    component aIsUser = NonZeroWhere();
    aIsUser.in <== aHigh;
    aIsUser.flag <== 1 - aFixed;
    component bIsUser = NonZeroWhere();
    bIsUser.in <== bHigh;
    bIsUser.flag <== 1 - bFixed;

    // -- Amounts. Reading the next two lines by kind:
    //   trade:     quantity = dBase, amount = dQuote
    //   base kind: quantity = 0, amount = dBase + dQuote = dBase, so dQuote = 0
    //   the rest:  quantity = 0, dBase = 0, amount = dQuote (and zero in an inactive row)
    signal quantity <== isTrade * dBase;
    signal amount <== dBase + dQuote - quantity;
    dBase - quantity === movesBase * amount;
    amount * is[0] === 0;
    component quantityBits = Num2Bits(48);
    quantityBits.in <== quantity;
    component amountBits = Num2Bits(63);
    amountBits.in <== amount;

    // Only a trade has a price.
    price * (1 - isTrade) === 0;
    component priceBits = Num2Bits(36);
    priceBits.in <== price;

    // dQuote = price * dBase in the integers: the factors are below 2^36 and 2^48, so their
    // product is below 2^84 and does not wrap; amount's range then keeps it below 2^63.
    signal notional <== price * quantity;
    notional === isTrade * amount;
    // price >= 1 and dBase >= 1 together: their product is not zero.
    component tradeIsReal = NonZeroWhere();
    tradeIsReal.in <== notional;
    tradeIsReal.flag <== isTrade;

    // -- Word, 213 bits: 3 + 24 + 24 + 36 + 63 + 63. Each field is below its width, so no two
    // records have the same word.
    word <== kind + a * 2 ** 3 + b * 2 ** 27 + price * 2 ** 51 + dBase * 2 ** 87 + dQuote * 2 ** 150;

    // -- Accumulator: b receives dBase and pays dQuote, a the reverse, each at its own pole.
    component aPole = Inverse();
    aPole.in <== x - a;
    component bPole = Inverse();
    bPole.in <== x - b;
    signal quotePart <== y * dQuote;
    term <== (dBase - quotePart) * (bPole.out - aPole.out);
}
