// Token accounts follow an instruction's own accounts; without a token there are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AccountRole, createNoopSigner, getAddressDecoder } from '@solana/kit';

import {
  findEntryPda,
  getJoinInstruction,
  getJoinInstructionAsync,
  getSettleDrawInstruction,
  parseJoinInstruction,
} from '../dist/index.js';

const { READONLY, WRITABLE, WRITABLE_SIGNER } = AccountRole;

const SYSTEM_PROGRAM = '11111111111111111111111111111111';

/** Addresses that stand for accounts, by name. */
const at = Object.fromEntries(
  [
    ...['player', 'house', 'game', 'mint', 'tokenProgram', 'gameVault', 'playerTokens'],
    ...['cranker', 'draw', 'drawPayer', 'treasury', 'minor', 'major', 'mega'],
    ...['treasuryVault', 'minorVault', 'majorVault', 'megaVault'],
  ].map((name, index) => [name, getAddressDecoder().decode(new Uint8Array(32).fill(index + 1))]),
);

const pick = (...names) => Object.fromEntries(names.map((name) => [name, at[name]]));

const list = ({ accounts }) => accounts.map(({ address, role }) => [address, role]);

const player = createNoopSigner(at.player);
const order = { player, ...pick('house', 'game'), tickets: 2, maxTotal: 2n };
const tokens = pick('mint', 'tokenProgram', 'gameVault', 'playerTokens');
const [entry, bump] = await findEntryPda({ game: at.game, player: at.player, nonce: 0 });

const own = [
  [at.player, WRITABLE_SIGNER],
  [at.house, READONLY],
  [at.game, WRITABLE],
  [entry, WRITABLE],
  [SYSTEM_PROGRAM, READONLY],
];

const following = [
  [at.mint, READONLY],
  [at.tokenProgram, READONLY],
  [at.gameVault, WRITABLE],
  [at.playerTokens, WRITABLE],
];

test('a join for native SOL names five accounts', async () => {
  assert.deepEqual(list(await getJoinInstructionAsync(order)), own);
  const derived = { ...order, entry: [entry, bump], bump };
  assert.deepEqual(list(getJoinInstruction(derived)), own);
});

test('a join for a token names its four accounts after those', async () => {
  const join = await getJoinInstructionAsync({ ...order, ...tokens });
  assert.deepEqual(list(join), [...own, ...following]);
});

test('what a join left out is absent when it is read', async () => {
  const read = async (input) => parseJoinInstruction(await getJoinInstructionAsync(input)).accounts;
  const native = await read(order);
  assert.equal(native.systemProgram.address, SYSTEM_PROGRAM);
  for (const name of Object.keys(tokens)) assert.equal(native[name], undefined);
  const { playerTokens } = await read({ ...order, ...tokens });
  assert.equal(playerTokens.address, at.playerTokens);
});

test('a settlement names ten accounts, for a token six more; the caller appends games', () => {
  const named = pick('cranker', 'draw', 'drawPayer', 'house', 'treasury', 'minor', 'major', 'mega');
  const vaults = pick('treasuryVault', 'minorVault', 'majorVault', 'megaVault');
  const native = list(getSettleDrawInstruction(named));
  assert.equal(native.length, 10);
  const settle = getSettleDrawInstruction({ ...named, ...pick('mint', 'tokenProgram'), ...vaults });
  assert.deepEqual(list(settle), [
    ...native,
    ...following.slice(0, 2),
    ...Object.values(vaults).map((vault) => [vault, WRITABLE]),
  ]);
});
