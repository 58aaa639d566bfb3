// What a game's packed fields say.
import type { Entry, Game } from './generated/index.js';

/** Where a game stands: bits 0 to 2 of `statusAndFlags`. */
export enum GameStatus {
  Open,
  Drawing,
  Playing,
  Settled,
  Cancelled,
}

const STATUS_MASK = 0b111;
const JACKPOT_HIT = 1 << 3;
const FULLY_PAID = 1 << 4;

/** A field of a game that packs its status and flags. */
type Packed = Pick<Game, 'statusAndFlags'>;

export function gameStatus(game: Packed): GameStatus {
  return game.statusAndFlags & STATUS_MASK;
}

/** At least one jackpot was hit. */
export function jackpotWasHit(game: Packed): boolean {
  return (game.statusAndFlags & JACKPOT_HIT) !== 0;
}

/** Everything owed to players has been paid. */
export function isFullyPaid(game: Packed): boolean {
  return (game.statusAndFlags & FULLY_PAID) !== 0;
}

/** Whether a place's prize has been paid. */
export function placeIsPaid(game: Pick<Game, 'placesPaid'>, place: number): boolean {
  return ((game.placesPaid >>> place) & 1) === 1;
}

/** Whether the award of a jackpot tier has been paid. */
export function awardIsPaid(game: Pick<Game, 'awardsPaid'>, tier: number): boolean {
  return ((game.awardsPaid >>> tier) & 1) === 1;
}

/** Whether `tickets` can be bought at `now` (unix seconds), pauses of the house aside. */
export function sells(game: Game, tickets: number, now: bigint): boolean {
  return (
    gameStatus(game) === GameStatus.Open &&
    now >= game.opensAt &&
    now < game.closesAt &&
    tickets <= game.maxTicketsPerEntry &&
    tickets <= game.maxTickets - game.tickets
  );
}

/** The tickets of an entry. */
export function ticketsOf(entry: Pick<Entry, 'firstTicket' | 'tickets'>): number[] {
  return Array.from({ length: entry.tickets }, (_, index) => entry.firstTicket + index);
}
