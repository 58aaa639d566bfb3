// What clients need and the IDL cannot say: addresses whose seeds are read from
// accounts or arguments, and what can be filled in for the caller. The seeds are
// those of programs/lottery/src/seeds.rs and docs/protocol.md.
import {
  accountBumpValueNode,
  accountValueNode,
  addPdasVisitor,
  argumentValueNode,
  bottomUpTransformerVisitor,
  constantPdaSeedNodeFromString,
  flattenInstructionDataArgumentsVisitor,
  instructionNode,
  numberTypeNode,
  numberValueNode,
  pdaLinkNode,
  pdaSeedValueNode,
  pdaValueNode,
  programIdValueNode,
  publicKeyTypeNode,
  setInstructionAccountDefaultValuesVisitor,
  updateAccountsVisitor,
  updateInstructionsVisitor,
  variablePdaSeedNode,
} from 'codama';

const text = (seed) => constantPdaSeedNodeFromString('utf8', seed);
const key = (name) => variablePdaSeedNode(name, publicKeyTypeNode());
const number = (name, format) => variablePdaSeedNode(name, numberTypeNode(format));

const seeds = {
  house: [text('house'), key('creator'), number('id', 'u16')],
  treasury: [text('treasury'), key('house')],
  jackpot: [text('jackpot'), key('house'), number('tier', 'u8')],
  lane: [text('lane'), key('house'), number('index', 'u8')],
  draw: [text('draw'), key('lane'), number('id', 'u64')],
  game: [text('game'), key('house'), number('id', 'u64')],
  entry: [text('entry'), key('game'), key('player'), number('nonce', 'u16')],
};

const entry = pdaValueNode('entry', [
  pdaSeedValueNode('game', accountValueNode('game')),
  pdaSeedValueNode('player', accountValueNode('player')),
  pdaSeedValueNode('nonce', argumentValueNode('nonce')),
]);

/** Who gets the bounty of a payment, unless somebody else is named: the player. */
const bounties = ['claim', 'claimJackpot', 'refund'].map((instruction) => ({
  instruction,
  account: 'cranker',
  defaultValue: accountValueNode('player'),
}));

/**
 * Takes the fields of a struct argument as arguments. Codama does so of itself only with
 * a struct that nothing else uses, so that another use would change the interface.
 */
function inlineStructArguments(root) {
  const structs = new Map(
    root.program.definedTypes
      .filter((type) => type.type.kind === 'structTypeNode')
      .map((type) => [type.name, type.type]),
  );
  const inline = ({ type, ...argument }) => ({
    ...argument,
    type: (type.kind === 'definedTypeLinkNode' && structs.get(type.name)) || type,
  });
  return bottomUpTransformerVisitor([
    {
      select: '[instructionNode]',
      transform: (node) => instructionNode({ ...node, arguments: node.arguments.map(inline) }),
    },
  ]);
}

/**
 * Leaves out optional accounts that are not given, where Anchor's convention puts the
 * program's address in their place. They are the token accounts, which come last: in a
 * house that plays for native SOL they would cost every transaction their bytes, and what
 * follows them (`settleDraw`'s games) would not be where the program looks for it.
 */
function omitAbsentAccounts() {
  return bottomUpTransformerVisitor([
    {
      select: (path) => {
        const node = path.at(-1);
        return node.kind === 'instructionNode' && node.accounts.some((account) => account.isOptional);
      },
      transform: (node) => instructionNode({ ...node, optionalAccountStrategy: 'omitted' }),
    },
  ]);
}

/** Names of the seeds that vary. */
const variables = (list) =>
  list.filter((seed) => seed.kind === 'variablePdaSeedNode').map((seed) => seed.name);

/** Whether the IDL has an address of this name already, which must then be the same. */
function isKnown(root, name) {
  const known = root.program.pdas.find((pda) => pda.name === name);
  if (known && String(variables(known.seeds)) !== String(variables(seeds[name]))) {
    throw new Error(
      `the IDL derives '${name}' from ${variables(known.seeds)}, codama/additions.mjs from ` +
        `${variables(seeds[name])}: name accounts and arguments of the program alike`,
    );
  }
  return known !== undefined;
}

/** The visitors to apply to the root node, in this order. */
export function additions(root) {
  const added = Object.entries(seeds).filter(([name]) => !isKnown(root, name));
  const accounts = new Set(root.program.accounts.map((account) => account.name));
  const linked = Object.keys(seeds).filter((name) => accounts.has(name));
  return [
    inlineStructArguments(root),
    omitAbsentAccounts(),
    flattenInstructionDataArgumentsVisitor(),
    addPdasVisitor({
      [root.program.name]: added.map(([name, seeds]) => ({ name, seeds })),
    }),
    updateAccountsVisitor(
      Object.fromEntries(linked.map((name) => [name, { pda: pdaLinkNode(name) }])),
    ),
    setInstructionAccountDefaultValuesVisitor([
      // The program's own address, where events are written by calling itself.
      { account: 'program', defaultValue: programIdValueNode() },
      ...bounties,
    ]),
    updateInstructionsVisitor({
      join: {
        accounts: { entry: { defaultValue: entry } },
        arguments: {
          nonce: { defaultValue: numberValueNode(0) },
          bump: { defaultValue: accountBumpValueNode('entry') },
        },
      },
    }),
  ];
}
