import { configJsonSchema, type JsonSchema } from '../../config/schema/json-schema.js';
import { code, listEntry } from './markdown.js';

/** Every key of the configuration file, a chapter for each mapping. */
export function configurationReference(): string {
  const { properties = {} } = configJsonSchema();
  return Object.entries(properties)
    .flatMap(([key, schema]) => chapters(key, schema, 2))
    .join('\n\n');
}

/** The chapter of a mapping, or of a list of them, and those of the mappings in it. */
function chapters(path: string, schema: JsonSchema, level: number): string[] {
  if (schema.seeAlso !== undefined) return [];
  const { properties, description } = schema;
  if (properties === undefined) {
    const inner = mappingIn(schema);
    return inner === undefined
      ? []
      : chapters(`${path}[]`, { ...inner, ...(description !== undefined && { description }) }, level);
  }
  const keys = Object.entries(properties).map(([key, child]) =>
    listEntry(entry(key, child, schema.required?.includes(key) === true)),
  );
  return [
    `${'#'.repeat(level)} ${code(path)}`,
    // Deeper down it stands beside the key, just above.
    ...(description === undefined || level > 2 ? [] : [description]),
    keys.join('\n'),
    ...Object.entries(properties).flatMap(([key, child]) => chapters(`${path}.${key}`, child, level + 1)),
  ];
}

function mappingIn({ items, anyOf }: JsonSchema): JsonSchema | undefined {
  return [items, ...(anyOf ?? []), ...(anyOf ?? []).map((each) => each.items)].find(
    (each) => each?.properties !== undefined,
  );
}

function entry(key: string, schema: JsonSchema, isRequired: boolean): string {
  const preset = schema.properties === undefined ? schema.default : undefined;
  const facts = [
    typeWords(schema),
    isRequired ? 'required' : '',
    preset === undefined
      ? ''
      : `default ${code(typeof preset === 'string' ? preset : JSON.stringify(preset))}`,
    schema.restart === true ? 'needs a restart' : '',
  ].filter((fact) => fact !== '');
  return `**${code(key)}** (${facts.join('; ')}): ${schema.description ?? ''}`;
}

function typeWords({
  title,
  type,
  enum: values,
  const: value,
  anyOf,
  items,
  minimum,
  maximum,
}: JsonSchema): string {
  if (title !== undefined) return title;
  if (values !== undefined) return values.map((each) => code(String(each))).join(', ');
  if (value !== undefined) return code(JSON.stringify(value));
  if (anyOf !== undefined) return anyOf.map(typeWords).join(' or ');
  switch (type) {
    case 'integer':
      return `integer from ${minimum ?? '-∞'} to ${maximum ?? '∞'}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `list: ${typeWords(items ?? {})}`;
    case 'object':
      return 'mapping';
    default:
      return 'text';
  }
}
