// One game from a wallet's side: join, wait, check, collect.
import type { Address, KeyPairSigner, Rpc, Signature, SolanaRpcApi } from '@solana/kit';

import {
  fetchEntry,
  fetchGame,
  fetchMaybeEntry,
  fetchMaybeGame,
  findEntryPda,
  GameStatus,
  gameStatus,
  getJoinInstructionAsync,
  pause,
  send,
  SendError,
  type Entry,
  type Game,
} from '../index.js';
import { collectPrizes, collectRefund, type Prize, type Refund } from './collect.js';
import { findSellingGame } from './find.js';

/** Pause between two looks at a game (milliseconds). */
const POLL = 500;

/** Why a game could not be played to its end. */
export class PlayError extends Error {
  override readonly name = 'PlayError';

  constructor(
    readonly exitCode: 3 | 4 | 5,
    message: string,
  ) {
    super(message);
  }
}

export type PlayOptions = {
  rpc: Rpc<SolanaRpcApi>;
  player: KeyPairSigner;
  /** The game, or the house whose newest selling game is played. */
  at: { game: Address } | { house: Address };
  tickets: number;
  /** The most to pay for all tickets together (base units). */
  maxPrice: bigint | undefined;
  /** How long the game may take from the join to its end (milliseconds). */
  patience: number;
  /** How long to wait for somebody to push what is owed, before claiming it (milliseconds). */
  grace: number;
  /** Told what happens. */
  note: (text: string) => void;
};

/** What happened. Amounts are in base units. */
export type Report = {
  player: Address;
  house: Address;
  game: Address;
  outcome: 'won' | 'lost' | 'refunded';
  joined: {
    signature: Signature;
    entry: Address;
    nonce: number;
    firstTicket: number;
    tickets: number;
    paid: bigint;
  };
  prizes: Prize[];
  refund: Refund | null;
  balance: { before: bigint; joined: bigint; after: bigint };
};

/** Plays one game to its end. */
export async function play(options: PlayOptions): Promise<Report> {
  const { rpc, player, note } = options;
  const address = await gameOf(options);
  const before = await balanceOf(options);
  const { entry, entryAddress, signature } = await join(options, address);
  const joined = await balanceOf(options);
  note(`joined game ${address} with ${entry.tickets} tickets from ${entry.firstTicket}`);

  const game = await untilOver(options, address);
  const claimFrom = Date.now() + options.grace;
  const wallet = { rpc, player, game: address, entry: entryAddress, claimFrom };
  const cancelled = gameStatus(game) === GameStatus.Cancelled;
  const prizes = cancelled ? [] : await collectPrizes(wallet, entry);
  const refund = cancelled ? await collectRefund(wallet, entry) : null;
  return {
    player: player.address,
    house: game.house,
    game: address,
    outcome: cancelled ? 'refunded' : prizes.length > 0 ? 'won' : 'lost',
    joined: {
      signature,
      entry: entryAddress,
      nonce: entry.nonce,
      firstTicket: entry.firstTicket,
      tickets: entry.tickets,
      paid: entry.paid,
    },
    prizes,
    refund,
    balance: { before, joined, after: await balanceOf(options) },
  };
}

async function gameOf({ rpc, at, tickets }: PlayOptions): Promise<Address> {
  if ('game' in at) return at.game;
  const found = await findSellingGame(rpc, at.house, tickets);
  if (!found) throw new PlayError(3, `house ${at.house} sells no ${tickets} tickets now`);
  return found;
}

async function balanceOf({ rpc, player }: PlayOptions): Promise<bigint> {
  const { value } = await rpc.getBalance(player.address, { commitment: 'confirmed' }).send();
  return value;
}

async function join(options: PlayOptions, address: Address) {
  const { rpc, player, tickets } = options;
  const found = await fetchMaybeGame(rpc, address, { commitment: 'confirmed' });
  if (!found.exists) throw new PlayError(3, `there is no game ${address}`);
  const { house, entryFee } = found.data;
  const price = entryFee * BigInt(tickets);
  if (options.maxPrice !== undefined && price > options.maxPrice) {
    throw new PlayError(3, `${tickets} tickets cost ${price}, more than ${options.maxPrice}`);
  }
  const { nonce, entryAddress } = await freeEntry(options, address);
  const order = { player, house, game: address, tickets, nonce, maxTotal: price };
  const signature = await send(rpc, player, [await getJoinInstructionAsync(order)]).catch(
    (error: unknown) => {
      throw error instanceof SendError ? new PlayError(3, error.message) : error;
    },
  );
  const { data: entry } = await fetchEntry(rpc, entryAddress, { commitment: 'confirmed' });
  check(entry, { game: address, player: player.address, tickets, nonce, paid: price });
  return { entry, entryAddress, signature };
}

/** The first of the player's entries in a game that does not exist yet. */
async function freeEntry({ rpc, player }: PlayOptions, game: Address) {
  for (let nonce = 0; nonce <= 0xffff; nonce += 1) {
    const [entryAddress] = await findEntryPda({ game, player: player.address, nonce });
    const entry = await fetchMaybeEntry(rpc, entryAddress, { commitment: 'confirmed' });
    if (!entry.exists) return { nonce, entryAddress };
  }
  throw new PlayError(3, 'no entry is left');
}

/** The entry says what was bought. */
function check(entry: Entry, bought: Partial<Entry>): void {
  for (const [field, value] of Object.entries(bought)) {
    const written = entry[field as keyof Entry];
    if (written !== value) {
      throw new PlayError(5, `the entry's ${field} is ${String(written)}, not ${String(value)}`);
    }
  }
}

/** Waits for whoever cranks the game. */
async function untilOver(options: PlayOptions, address: Address): Promise<Game> {
  const deadline = Date.now() + options.patience;
  let seen = '';
  for (;;) {
    const { data: game } = await fetchGame(options.rpc, address, { commitment: 'confirmed' });
    const status = gameStatus(game);
    if (status === GameStatus.Settled || status === GameStatus.Cancelled) return game;
    const news = `${GameStatus[status]}, ${game.roundsSettled} of ${game.rounds} rounds settled`;
    if (news !== seen) options.note(news);
    seen = news;
    if (Date.now() > deadline) throw new PlayError(4, `game ${address} is not over: ${news}`);
    await pause(POLL);
  }
}
