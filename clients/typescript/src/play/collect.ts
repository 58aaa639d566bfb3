// What a finished game owes to an entry, and how it arrives: pushed by a keeper, or
// claimed here. Both pay the same player; whoever comes second loses a fee.
import type { Address, Instruction, KeyPairSigner, Rpc, Signature, SolanaRpcApi } from '@solana/kit';

import {
  awardIsPaid,
  fate,
  fetchEntry,
  fetchGame,
  findJackpotPda,
  getClaimInstruction,
  getClaimJackpotInstruction,
  getRefundInstruction,
  LOTTERY_ERROR__ALREADY_PAID,
  pause,
  placeIsPaid,
  placePrize,
  send,
  SendError,
  ticketsOf,
  type Entry,
  type Game,
} from '../index.js';

/**
 * How money arrived: claimed by us in this transaction; or pushed by somebody, maybe
 * after we had sent a claim that then failed and cost its fee.
 */
export type Payment =
  | { by: 'claim'; signature: Signature }
  | { by: 'push'; lost?: Signature | undefined };

export type Refund = { amount: bigint; paid: Payment };

/** Something an entry won: a place of the game, or a jackpot. */
export type Prize = Refund & { ticket: number } & ({ place: number } | { jackpot: number });

export type Wallet = {
  rpc: Rpc<SolanaRpcApi>;
  player: KeyPairSigner;
  game: Address;
  entry: Address;
  /** From when to claim what nobody has pushed (milliseconds, as `Date.now()`). */
  claimFrom: number;
};

/** Pause between two looks whether something was pushed (milliseconds). */
const POLL = 300;

const config = { commitment: 'confirmed' } as const;

/** Sees to it that everything the entry won is paid. */
export async function collectPrizes(wallet: Wallet, entry: Entry): Promise<Prize[]> {
  const { game, player } = wallet;
  const state = await current(wallet);
  const prizes: Prize[] = [];
  for (const ticket of ticketsOf(entry)) {
    const end = fate(state, ticket);
    if (end.kind !== 'won') continue;
    const { place } = end;
    const paid = await collect(
      wallet,
      async () => placeIsPaid(await current(wallet), place),
      getClaimInstruction({ game, entry: wallet.entry, player: player.address, ticket }),
    );
    prizes.push({ ticket, place, amount: placePrize(state, place), paid });
  }
  for (const [tier, amount] of state.jackpotAwards.entries()) {
    const ticket = state.jackpotTickets[tier]!;
    if (amount === 0n || !ticketsOf(entry).includes(ticket)) continue;
    const [jackpot] = await findJackpotPda({ house: state.house, tier });
    const paid = await collect(
      wallet,
      async () => awardIsPaid(await current(wallet), tier),
      getClaimJackpotInstruction({
        game,
        entry: wallet.entry,
        player: player.address,
        jackpot,
      }),
    );
    prizes.push({ ticket, jackpot: tier, amount, paid });
  }
  return prizes;
}

/** Sees to it that the price of an entry in a cancelled game is returned. */
export async function collectRefund(wallet: Wallet, entry: Entry): Promise<Refund> {
  const paid = await collect(
    wallet,
    async () => (await fetchEntry(wallet.rpc, wallet.entry, config)).data.refunded === 1,
    getRefundInstruction({
      game: wallet.game,
      entry: wallet.entry,
      player: wallet.player.address,
    }),
  );
  return { amount: entry.paid, paid };
}

async function current({ rpc, game }: Wallet): Promise<Game> {
  return (await fetchGame(rpc, game, config)).data;
}

async function collect(
  { rpc, player, claimFrom }: Wallet,
  isPaid: () => Promise<boolean>,
  claim: Instruction,
): Promise<Payment> {
  while (!(await isPaid())) {
    if (Date.now() >= claimFrom) return claimOrLose(rpc, player, claim);
    await pause(POLL);
  }
  return { by: 'push' };
}

async function claimOrLose(
  rpc: Rpc<SolanaRpcApi>,
  player: KeyPairSigner,
  claim: Instruction,
): Promise<Payment> {
  try {
    return { by: 'claim', signature: await send(rpc, player, [claim]) };
  } catch (error) {
    if (error instanceof SendError && error.code === LOTTERY_ERROR__ALREADY_PAID) {
      return { by: 'push', lost: error.signature };
    }
    throw error;
  }
}
