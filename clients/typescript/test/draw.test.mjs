// The draw against Ethereum's own vectors, which the program is tested with too.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { fate, placePrize, shuffledIndex } from '../dist/index.js';

const file = new URL('../../../tests/vectors/shuffle.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8'));

test("the shuffle is the consensus specification's", () => {
  assert.ok(vectors.length >= 14);
  for (const { seed, count, indices, mapping } of vectors) {
    const key = Uint8Array.from(Buffer.from(seed, 'hex'));
    const all = indices ?? mapping.map((_, index) => index);
    assert.deepEqual(all.map((index) => shuffledIndex(key, count, index)), mapping);
  }
});

test('every place is won by one ticket, and every other ticket is out', () => {
  const rules = {
    tickets: 50,
    winners: 3,
    rounds: 3,
    roundsSettled: 3,
    keepBps: [5_000, 2_500, 0, 0, 0, 0, 0, 0],
    roundSeeds: [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)),
  };
  const ends = Array.from({ length: 50 }, (_, ticket) => fate(rules, ticket));
  const places = ends.filter((end) => end.kind === 'won').map((end) => end.place);
  assert.deepEqual(places.sort(), [0, 1, 2]);
  const out = [0, 1, 2].map((round) => ends.filter((end) => end.round === round).length);
  assert.deepEqual(out, [25, 18, 4]);
});

test('prizes are the whole pool', () => {
  const game = { prizePool: 1_000n, placeBps: [3_334, 3_333, 3_333, 0] };
  assert.deepEqual([0, 1, 2, 3].map((place) => placePrize(game, place)), [334n, 333n, 333n, 0n]);
});
