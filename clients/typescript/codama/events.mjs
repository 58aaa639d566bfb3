// Events, which the renderer leaves out: their data becomes types with codecs, and
// one function tells them apart. An event's bytes are its discriminator, its data.
import {
  assertIsNode,
  bottomUpTransformerVisitor,
  camelCase,
  definedTypeNode,
  pascalCase,
  programNode,
} from 'codama';

/** The name of the type that holds an event's data. */
const typeName = ({ name }) => (name.endsWith('Event') ? name : camelCase(`${name}_event`));

/** Makes a type of every event. */
export function eventTypesVisitor() {
  return bottomUpTransformerVisitor([
    {
      select: '[programNode]',
      transform: (node) => {
        assertIsNode(node, 'programNode');
        const types = node.events.map((event) =>
          definedTypeNode({ name: typeName(event), docs: event.docs, type: event.data }),
        );
        return programNode({ ...node, definedTypes: [...node.definedTypes, ...types], events: [] });
      },
    },
  ]);
}

/** The module that parses any event. */
export function eventPage(events) {
  const names = events.map((event) => pascalCase(typeName(event)));
  const discriminators = events.map((event) => discriminator(event).join(', '));
  const imports = names.flatMap((name) => [`get${name}Decoder`, `type ${name}`]);
  const members = events.map(
    (event, index) => `  | { name: '${pascalCase(event.name)}'; data: ${names[index]} }`,
  );
  const cases = events.map(
    (event, index) =>
      `  if (containsBytes(bytes, new Uint8Array([${discriminators[index]}]), 0)) {\n` +
      `    return { name: '${pascalCase(event.name)}', data: get${names[index]}Decoder().decode(bytes) };\n  }`,
  );
  return [
    `import { containsBytes, type ReadonlyUint8Array } from '@solana/kit';`,
    imports.length > 0 ? `import { ${imports.join(', ')} } from './types';\n` : '',
    '/** An event of the program. */',
    `export type LotteryEvent =${members.length > 0 ? `\n${members.join('\n')}` : ' never'};\n`,
    '/** The tag that precedes an event in the data of a call of the program to itself. */',
    'const SELF_CALL = new Uint8Array([228, 69, 165, 46, 81, 203, 154, 29]);\n',
    '/** The event in the data of an inner instruction of the program, if it holds one. */',
    'export function parseLotteryEvent(data: ReadonlyUint8Array): LotteryEvent | undefined {',
    '  if (!containsBytes(data, SELF_CALL, 0)) return undefined;',
    '  const bytes = data.slice(SELF_CALL.length);',
    ...cases,
    '  return undefined;',
    '}\n',
  ].join('\n');
}

function discriminator(event) {
  const [prefix] = event.data.prefix;
  assertIsNode(prefix.value, 'bytesValueNode');
  if (prefix.value.encoding !== 'base16') throw new Error(`${event.name}: not in base16`);
  return [...Buffer.from(prefix.value.data, 'hex')];
}
