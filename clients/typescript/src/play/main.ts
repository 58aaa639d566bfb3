#!/usr/bin/env node
// Plays one game as a wallet does, and prints what happened as JSON.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { address, createKeyPairSignerFromBytes, createSolanaRpc } from '@solana/kit';

import { play, PlayError } from './play.js';

const USAGE = `usage: lottery-play (--game ADDRESS | --house ADDRESS) --keypair FILE [options]

Joins a game (of a house: its newest that sells), waits until it is over, checks
the entry and every ticket's fate, and claims what it won and nobody has pushed.

  --url URL           the node [default: $RPC_URL, else http://127.0.0.1:8899]
  --keypair FILE      the player's key, as Solana's tools write it
  --tickets N         tickets to buy [default: 1]
  --max-price N       pay no more than this for all tickets (base units)
  --patience SECONDS  how long the game may take [default: 600]
  --grace SECONDS     how long to wait for a keeper to pay, before claiming [default: 10]

Ends with 0 when everything owed has arrived (prizes, if it won any, or the
refund), 1 on trouble with node or files, 2 on wrong usage, 3 when it could not
join, 4 when patience ran out, 5 when the chain does not show what it should.`;

function usage(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}

function wholeNumber(name: string, text: string, least = 1): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) {
    usage(`--${name} must be a whole number, ${least} at least`);
  }
  return number;
}

function options() {
  const strings = ['url', 'game', 'house', 'keypair', 'tickets', 'max-price', 'patience', 'grace'] as const;
  const spec = Object.fromEntries(strings.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ options: { ...spec, help: { type: 'boolean' } } });
    return values as { help?: boolean } & { [name in (typeof strings)[number]]?: string };
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<number> {
  const given = options();
  if (given.help) {
    console.log(USAGE);
    return 0;
  }
  if (!given.keypair) usage('--keypair is missing');
  const place = given.game ?? given.house;
  if (!place || (given.game && given.house)) usage('give either --game or --house');
  const player = await createKeyPairSignerFromBytes(
    Uint8Array.from(JSON.parse(readFileSync(given.keypair, 'utf8')) as number[]),
  );
  const report = await play({
    rpc: createSolanaRpc(given.url ?? process.env['RPC_URL'] ?? 'http://127.0.0.1:8899'),
    player,
    at: given.game ? { game: address(place) } : { house: address(place) },
    tickets: wholeNumber('tickets', given.tickets ?? '1'),
    maxPrice: given['max-price'] === undefined ? undefined : BigInt(wholeNumber('max-price', given['max-price'])),
    patience: wholeNumber('patience', given.patience ?? '600') * 1000,
    grace: wholeNumber('grace', given.grace ?? '10', 0) * 1000,
    note: (text) => console.error(text),
  });
  const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  console.log(JSON.stringify(report, text, 2));
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof PlayError ? error.exitCode : 1;
  },
);
