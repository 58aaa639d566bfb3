// A house's games, newest first.
import type { Address, Rpc, SolanaRpcApi } from '@solana/kit';
import { fetchSysvarClock } from '@solana/sysvars';

import {
  fetchAllMaybeGame,
  fetchTreasury,
  findGamePda,
  findTreasuryPda,
  sells,
} from '../index.js';

/** Games asked for at once, and the most one question may name. */
const PAGE = 100n;

/** The newest game of a house in which so many tickets can be bought now. */
export async function findSellingGame(
  rpc: Rpc<SolanaRpcApi>,
  house: Address,
  tickets: number,
): Promise<Address | undefined> {
  const config = { commitment: 'confirmed' } as const;
  const [treasury] = await findTreasuryPda({ house });
  const { gamesCreated } = (await fetchTreasury(rpc, treasury, config)).data;
  const { unixTimestamp: now } = await fetchSysvarClock(rpc, config);
  for (let end = gamesCreated; end > 0n; end -= PAGE) {
    const start = end > PAGE ? end - PAGE : 0n;
    const ids = Array.from({ length: Number(end - start) }, (_, index) => end - 1n - BigInt(index));
    const pdas = await Promise.all(ids.map((id) => findGamePda({ house, id })));
    const games = await fetchAllMaybeGame(rpc, pdas.map(([address]) => address), config);
    const selling = games.find((game) => game.exists && sells(game.data, tickets, now));
    if (selling) return selling.address;
  }
  return undefined;
}
