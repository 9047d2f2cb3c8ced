/** The check of a part's proof (SPEC sections 5 to 9). */
import { airDigest } from '../air/digest.ts';
import { capRoot, checkOpening } from '../commit/opening.ts';
import { root } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import * as F from '../field/extension.ts';
import { checkQueries, type FriVerdict } from '../fri/check-queries.ts';
import { isGround, nonceBytes } from '../grinding.ts';
import { decodeProof, type PartProof } from '../proof/part-proof.ts';
import { MAIN_TREES, PartShape } from '../proof/part-shape.ts';
import { securityBits } from '../security.ts';
import { accountPoint } from '../statement/account-commitment.ts';
import { decodeStatement, type PartStatement } from '../statement/part-statement.ts';
import { TAGS, Transcript } from '../transcript.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { Combinations } from './combinations.ts';
import { constraintsHold } from './constraint-check.ts';
import { drawLookupChallenges, type LookupChallenges } from './lookup-challenges.ts';
import { type Refused, refused } from './verdict.ts';

export type PartVerdict =
  | { readonly ok: true; readonly statement: PartStatement; readonly securityBits: number }
  | Refused;

/** @param floorBits - of security that the parameters must give: fewer are for tests alone */
export function checkPart(
  statementBytes: Uint8Array,
  proofBytes: Uint8Array,
  floorBits: number,
): PartVerdict {
  const decoded = decodeStatement(statementBytes);
  if (!decoded.ok) return refused('STATEMENT_FORMAT', decoded.message);
  const statement = decoded.value;
  if (!sameBytes(statement.airDigest, airDigest())) {
    return refused('AIR_DIGEST', 'its constraints are not those that this verifier checks');
  }
  const shape = new PartShape(statement);
  const bits = securityBits(statement.parameters, shape.security).total;
  if (bits < floorBits) {
    const words = `${bits.toFixed(1)} bits of security, fewer than ${floorBits}`;
    return refused('PARAMETERS', `its parameters give ${words}`);
  }
  const proof = decodeProof(proofBytes, shape);
  if (!proof.ok) return refused('PROOF_FORMAT', proof.message);
  const check = new PartCheck(statement, statementBytes, shape, proof.value);
  return check.refusal() ?? { ok: true, statement, securityBits: bits };
}

class PartCheck {
  readonly #statement: PartStatement;
  readonly #shape: PartShape;
  readonly #proof: PartProof;
  readonly #transcript = new Transcript();

  constructor(
    statement: PartStatement,
    statementBytes: Uint8Array,
    shape: PartShape,
    proof: PartProof,
  ) {
    this.#statement = statement;
    this.#shape = shape;
    this.#proof = proof;
    this.#transcript.absorb(TAGS.STATEMENT, statementBytes);
  }

  refusal(): Refused | undefined {
    return this.#checkRoots() ?? this.#checkRounds();
  }

  /** The trees of records and accounts are those of the statement. */
  #checkRoots(): Refused | undefined {
    const { recordRoot, after, before } = this.#statement;
    for (const [index, expected] of [recordRoot, after.root, before.root].entries()) {
      const cap = this.#proof.mainCaps[index] ?? new Uint8Array();
      if (sameBytes(capRoot(cap), expected)) continue;
      return refused('ROOT', `the ${MAIN_TREES[index]} tree has not the root of the statement`);
    }
    return undefined;
  }

  #checkRounds(): Refused | undefined {
    const { mainCaps, lookupCap, sums, quotientCap } = this.#proof;
    const transcript = this.#transcript;
    for (const cap of mainCaps) transcript.absorb(TAGS.CAP, cap);
    const challenges = drawLookupChallenges(transcript);
    transcript.absorb(TAGS.CAP, lookupCap);
    transcript.absorb(TAGS.SUMS, new ByteWriter().extensions(sums).finish());
    if (!F.equals(sums.reduce(F.add, F.ZERO), F.ZERO)) {
      return refused('SUMS', 'the sums of the tables do not add up to 0');
    }
    const alpha = transcript.draw();
    transcript.absorb(TAGS.CAP, quotientCap);
    const zeta = transcript.draw();
    if (isBase(zeta)) return refused('CHALLENGE', 'zeta is an element of the base field');
    const wrong = this.#checkConstraints(challenges, alpha, zeta);
    return wrong ?? this.#checkOpenings(zeta);
  }

  #checkConstraints(
    challenges: LookupChallenges,
    alpha: Extension,
    zeta: Extension,
  ): Refused | undefined {
    const { sums, values } = this.#proof;
    const { count } = this.#statement;
    for (const [index, { table, logHeight }] of this.#shape.tables.entries()) {
      const [sum, ofTable] = [sums[index], values[index]];
      if (sum === undefined || ofTable === undefined) throw new Error('unreachable: all are read');
      const common = { challenges, alpha, zeta, count };
      if (constraintsHold({ ...common, table, logHeight, sum, values: ofTable })) continue;
      return refused('CONSTRAINTS', `the values of table ${table.name} break its constraints`);
    }
    return undefined;
  }

  #checkOpenings(zeta: Extension): Refused | undefined {
    const { values, layerCaps, finalPolynomial, nonce, queries } = this.#proof;
    const { before, after, parameters } = this.#statement;
    const { tables, schedule } = this.#shape;
    const transcript = this.#transcript;
    const all = values.flatMap(({ current, next }) => [...current, ...next]);
    transcript.absorb(TAGS.VALUES, new ByteWriter().extensions(all).finish());
    const points = {
      zeta,
      next: tables.map(({ logHeight }) => F.scale(zeta, root(logHeight))),
      pinned: [undefined, pointOf(after), pointOf(before)],
    };
    if (points.pinned.some((point) => point !== undefined && isBase(point))) {
      return refused('CHALLENGE', 'the point of an account table is in the base field');
    }
    const gamma = transcript.draw();
    const pinned = [[], after.pinned, before.pinned];
    const combinations = new Combinations(this.#shape, this.#proof, pinned, points, gamma);
    const betas = layerCaps.map((cap) => {
      transcript.absorb(TAGS.CAP, cap);
      return transcript.draw();
    });
    const coefficients = new ByteWriter().extensions(finalPolynomial).finish();
    transcript.absorb(TAGS.FINAL_POLYNOMIAL, coefficients);
    if (!isGround(transcript.state, parameters.grindingBits, nonce)) {
      return refused('GRINDING', `the nonce does not show ${parameters.grindingBits} bits of work`);
    }
    transcript.absorb(TAGS.NONCE, nonceBytes(nonce));
    const indices = transcript.drawIndices(queries.length, schedule.logSize);
    const opened = this.#checkTrees(indices);
    if (opened !== undefined) return opened;
    const friQueries = queries.map((query, number) => {
      const index = indices[number] ?? 0;
      return { index, combinations: combinations.at(index, query), layers: query.layers };
    });
    return friRefusal(
      checkQueries({ schedule, caps: layerCaps, betas, finalPolynomial }, friQueries),
    );
  }

  /** Every row that was opened is in its tree. */
  #checkTrees(indices: readonly number[]): Refused | undefined {
    const { mainCaps, lookupCap, quotientCap, queries } = this.#proof;
    const caps = [...mainCaps, lookupCap, quotientCap];
    for (const [number, query] of queries.entries()) {
      for (const [place, { name, shape }] of this.#shape.trees.entries()) {
        const [cap, opening] = [caps[place], query.trees[place]];
        if (cap === undefined || opening === undefined)
          throw new Error('unreachable: all are read');
        const e = (indices[number] ?? 0) % 2 ** shape.logSize;
        const verdict = checkOpening(shape, cap, e, opening);
        if (verdict.ok) continue;
        return refused('OPENING', `query ${number}: rows of the ${name} tree: ${verdict.reason}`);
      }
    }
    return undefined;
  }
}

function friRefusal(verdict: FriVerdict): Refused | undefined {
  if (verdict.ok) return undefined;
  return refused('LOW_DEGREE', `${verdict.reason} at layer ${verdict.layer}`);
}

const pointOf = (commitment: PartStatement['after']): Extension =>
  accountPoint(commitment.root, commitment.logHeight);

const isBase = ([, ...rest]: Extension): boolean => rest.every((coefficient) => coefficient === 0);

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
