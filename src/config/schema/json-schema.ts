import { ConfigFiles } from '../config-files.js';
import { configSchema } from './config.schema.js';

/** A JSON Schema (2020-12), as far as the configuration's has it. */
export interface JsonSchema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** Our own: a running service does not take a change over. */
  readonly restart?: boolean;
  /** Our own: the keys stand in that chapter of the reference. */
  readonly seeAlso?: string;
}

/** What a file may hold, before `${NAME}` is replaced. */
export function configJsonSchema(): JsonSchema {
  const schema = configSchema(new ConfigFiles('.'));
  return schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

const REFERENCE: JsonSchema = { type: 'string', pattern: '\\$\\{' };

/** The same for an editor, which sees the file as it is written: every scalar may be a `${NAME}`, keys that begin with `x-` are free. */
export function editorJsonSchema(): object {
  return { title: 'Configuration of mqtt-client-control', ...forEditor(configJsonSchema()) };
}

function forEditor(schema: JsonSchema): object {
  const { title, description, restart, seeAlso, default: preset, ...rules } = schema;
  const words = [description, restart === true ? 'Needs a restart.' : undefined].filter(Boolean).join(' ');
  return {
    ...(title !== undefined && { title }),
    ...(words !== '' && { description: words }),
    ...(preset !== undefined && rules.properties === undefined && { default: preset }),
    ...withReferences(rules),
  };
}

function withReferences(rules: JsonSchema): object {
  const { properties, items, anyOf } = rules;
  if (properties !== undefined) {
    const entries = Object.entries(properties).map(([key, child]) => [key, forEditor(child)] as const);
    return { ...rules, properties: Object.fromEntries(entries), patternProperties: { '^x-': {} } };
  }
  if (items !== undefined) return { ...rules, items: forEditor(items) };
  if (anyOf !== undefined) {
    const alternatives = anyOf.filter((each) => Object.keys(each).length > 0).map(forEditor);
    return { ...rules, anyOf: alternatives };
  }
  const isFreeText = rules.type === 'string' && rules.pattern === undefined && rules.enum === undefined;
  return isFreeText ? rules : { anyOf: [rules, REFERENCE] };
}
