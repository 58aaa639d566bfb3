// The draw, recomputed: a ticket's way through the rounds of a game. The rules are in
// docs/protocol.md; this is written from them, not translated from the program.
import { sha256 } from '@noble/hashes/sha2.js';
import type { ReadonlyUint8Array } from '@solana/kit';

import type { Game } from './generated/index.js';

/** Rounds of the swap-or-not shuffle (Ethereum's consensus specification, phase 0). */
const SHUFFLE_ROUNDS = 90;

const WHOLE_BPS = 10_000;

/** What became of a ticket: the place it won, the round it went out in, or neither yet. */
export type Fate =
  | { kind: 'won'; place: number }
  | { kind: 'out'; round: number }
  | { kind: 'alive'; position: number };

/** The part of a game that decides its tickets' fates. */
export type Rules = Pick<
  Game,
  'keepBps' | 'rounds' | 'roundSeeds' | 'roundsSettled' | 'tickets' | 'winners'
>;

/** Where the shuffle of `count` items under `seed` takes `index`: `compute_shuffled_index`. */
export function shuffledIndex(seed: ReadonlyUint8Array, count: number, index: number): number {
  const input = new Uint8Array(37);
  input.set(seed, 0);
  const view = new DataView(input.buffer);
  let place = index;
  for (let round = 0; round < SHUFFLE_ROUNDS; round += 1) {
    input[32] = round;
    const pivot = firstWordModulo(sha256(input.subarray(0, 33)), count);
    const flip = (pivot + count - place) % count;
    const position = Math.max(place, flip);
    view.setUint32(33, Math.floor(position / 256), true);
    const source = sha256(input);
    const bit = (source[(position % 256) >> 3]! >> (position % 8)) & 1;
    if (bit === 1) place = flip;
  }
  return place;
}

function firstWordModulo(hash: Uint8Array, modulus: number): number {
  const word = new DataView(hash.buffer, hash.byteOffset, 8).getBigUint64(0, true);
  return Number(word % BigInt(modulus));
}

/** Tickets left of `before` after `round` (0 is the first). */
export function roundSize(rules: Rules, before: number, round: number): number {
  if (round + 1 >= rules.rounds) return rules.winners;
  return Math.max(Math.ceil((before * rules.keepBps[round]!) / WHOLE_BPS), rules.winners);
}

/** Follows a ticket through the rounds settled so far. */
export function fate(rules: Rules, ticket: number): Fate {
  let position = ticket;
  let size = rules.tickets;
  for (let round = 0; round < rules.roundsSettled; round += 1) {
    position = shuffledIndex(rules.roundSeeds[round]!, size, position);
    size = roundSize(rules, size, round);
    if (position >= size) return { kind: 'out', round };
  }
  return rules.roundsSettled === rules.rounds
    ? { kind: 'won', place: position }
    : { kind: 'alive', position };
}

/** The prize of a place (base units); place 0 also gets what rounding left over. */
export function placePrize(game: Pick<Game, 'placeBps' | 'prizePool'>, place: number): bigint {
  const share = (bps: number) => (game.prizePool * BigInt(bps)) / BigInt(WHOLE_BPS);
  if (place > 0) return share(game.placeBps[place] ?? 0);
  return game.placeBps.slice(1).reduce((rest, bps) => rest - share(bps), game.prizePool);
}
