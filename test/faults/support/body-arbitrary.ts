import fc from 'fast-check';

/** What of JSON Schema the document uses in request bodies. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly allOf?: readonly JsonSchema[];
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

type Schemas = Readonly<Record<string, JsonSchema>>;

const HOSTILE_TEXTS = [
  '{"__proto__":{"polluted":true},"clientid":"c"}',
  '{"clientid":"c","constructor":{"prototype":{"polluted":true}}}',
  '{"clientid":"c","clientid":"d","clientid":7}',
  '{"clientid":"c","topic":"a","options":{"__proto__":{"no_local":true}}}',
  '{"clientid":"c","toString":1,"hasOwnProperty":2}',
  '{"clientid":"\\ud800"}',
  '{"clientid":"\\u0000"}',
  '{"clientid":1e999}',
  '{"clientid":"c"} {"clientid":"d"}',
  '\ufeff{"clientid":"c"}',
  '{"clientid":"c",}',
  'null',
  '[]',
  '7',
  '""',
  '['.repeat(20_000),
  `${'{"options":'.repeat(5000)}1${'}'.repeat(5000)}`,
  `{"clientid":${'[['.repeat(3000)}${']]'.repeat(3000)}}`,
  `{"clientid":"${'x'.repeat(66_000)}"}`,
];

/** Bodies for a schema: that fit it, that nearly do, and that were never meant to. */
export function bodyArbitrary(schema: JsonSchema | undefined, schemas: Schemas): fc.Arbitrary<Buffer> {
  const fitting = valueFor(schema ?? {}, schemas);
  const nearly = fc
    .tuple(
      fitting,
      fc.dictionary(fc.string({ maxLength: 12 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 }),
    )
    .map(([value, more]) => (typeof value === 'object' && value !== null ? { ...value, ...more } : more));
  const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  return fc.oneof(
    { weight: 6, arbitrary: fitting.map(text) },
    { weight: 3, arbitrary: nearly.map(text) },
    { weight: 2, arbitrary: fc.jsonValue().map(text) },
    { weight: 2, arbitrary: fc.constantFrom(...HOSTILE_TEXTS).map((hostile) => Buffer.from(hostile)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ minLength: 1, maxLength: 4, min: 0x80 })
        .map((bytes) => Buffer.concat([Buffer.from('{"clientid":"'), bytes, Buffer.from('"}')])),
    },
    { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
  );
}

const clientId = fc.oneof(
  fc.constantFrom('c', 'sensor-1', ' ', '#', 'ü', '\u{1f600}'),
  fc.string({ minLength: 1, maxLength: 20 }),
);
const topic = fc.oneof(
  fc.constantFrom(
    'a/b',
    '#',
    '+',
    'a/+/b/#',
    '$share/g/a',
    '$SYS/#',
    '$CONTROL/#',
    'a/#/b',
    'a+',
    '$share//a',
    '/',
  ),
  fc.string({ minLength: 1, maxLength: 20 }),
);

function valueFor(schema: JsonSchema, schemas: Schemas, name = ''): fc.Arbitrary<unknown> {
  const target = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (target !== undefined) return valueFor(schemas[target.split('/').at(-1) ?? ''] ?? {}, schemas, name);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.properties !== undefined) {
    const fields = Object.entries(schema.properties).map(([key, field]): [string, fc.Arbitrary<unknown>] => [
      key,
      valueFor(field, schemas, key),
    ]);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [...(schema.required ?? [])] });
  }
  switch ([schema.type].flat()[0]) {
    case 'string':
      return name === 'topic' ? topic : clientId;
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer();
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}
