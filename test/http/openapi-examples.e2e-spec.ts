import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { DEMO_TOKEN } from '../../src/boot/embedded-default.js';
import { ServiceProcess } from '../support/service-process.js';
import { until } from '../support/until.js';

interface Schema {
  readonly $ref?: string | undefined;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema & { readonly example?: unknown }>> | undefined;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly example?: string | number | boolean;
    readonly schema?: { readonly example?: string | number | boolean };
  }[];
  readonly requestBody?: {
    readonly content: Readonly<
      Record<
        string,
        { readonly schema: Schema; readonly examples?: Readonly<Record<string, { readonly value: unknown }>> }
      >
    >;
  };
}

/** A request as Swagger UI fills it in. */
interface Example {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
  readonly body: unknown;
}

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

/** What there is to be deleted is made first. */
const ORDER = ['post', 'put', 'get', 'delete'];

const examples = Object.entries(document.paths)
  .flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) =>
      bodiesOf(operation).map(([name, body]): Example => {
        const label = name === '' ? operation.operationId : `${operation.operationId}, ${name}`;
        return { name: label, method, path, operation, body };
      }),
    ),
  )
  .sort((a, b) => ORDER.indexOf(a.method) - ORDER.indexOf(b.method));

function bodiesOf({ requestBody }: Operation): readonly (readonly [string, unknown])[] {
  const media = requestBody?.content['application/json'];
  if (media === undefined) return [['', undefined]];
  if (media.examples !== undefined)
    return Object.entries(media.examples).map(([name, { value }]) => [name, value]);
  const name = media.schema.$ref?.split('/').at(-1) ?? '';
  return [['', exampleOf(document.components.schemas[name] ?? media.schema)]];
}

/** An object of the examples of its properties, as Swagger UI makes it. */
function exampleOf({ $ref, properties = {} }: Schema): unknown {
  if ($ref !== undefined) return exampleOf(document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {});
  return Object.fromEntries(
    Object.entries(properties)
      .map(([name, property]) => [name, property.example ?? nestedExample(property)] as const)
      .filter(([, value]) => value !== undefined),
  );
}

function nestedExample({ $ref, allOf: [only] = [], properties }: Schema): unknown {
  if (only !== undefined) return exampleOf(only);
  return $ref === undefined && properties === undefined ? undefined : exampleOf({ $ref, properties });
}

function urlOf(base: string, { path, operation: { parameters = [] } }: Example): URL {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((each) => each.in === 'path' && each.name === name);
    return encodeURIComponent(String(parameter?.example ?? parameter?.schema?.example));
  });
  const url = new URL(filled, base);
  for (const { in: where, name, schema, example = schema?.example } of parameters) {
    if (where === 'query' && example !== undefined) url.searchParams.set(name, String(example));
  }
  return url;
}

describe('the examples of the OpenAPI document, as Swagger UI fills them in, on the default setup', () => {
  let service: ServiceProcess;
  let base: string;

  beforeAll(async () => {
    service = ServiceProcess.spawn();
    base = await service.url();
    const connected = async (): Promise<boolean> => {
      const { brokersDown } = (await (await fetch(`${base}/health/ready`)).json()) as {
        brokersDown: unknown[];
      };
      return brokersDown.length === 0;
    };
    await until(connected, 'the broker is connected');
  });
  afterAll(() => service.stop());

  async function send(example: Example): Promise<{ status: number; text: string }> {
    const stop = new AbortController();
    const response = await fetch(urlOf(base, example), {
      method: example.method.toUpperCase(),
      headers: { authorization: `Bearer ${DEMO_TOKEN}`, 'content-type': 'application/json' },
      signal: stop.signal,
      ...(example.body !== undefined && { body: JSON.stringify(example.body) }),
    });
    // Events go on for ever.
    const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    const text = isEndless ? '' : await response.text();
    stop.abort();
    return { status: response.status, text };
  }

  it.each(examples)('$name', async (example) => {
    const isBulk = example.operation.operationId.startsWith('bulk');
    // A client that an example before it has disconnected is back in a moment.
    const { status, text } = await until(async () => {
      const answer = await send(example);
      const isMissing = isBulk && answer.text.includes('"CLIENT_NOT_');
      return answer.status === 404 || isMissing ? undefined : answer;
    }, 'an answer other than 404');
    expect({ isSuccess: status === 200 || status === 204, text }).toEqual({ isSuccess: true, text });
    if (!isBulk) return;
    const { items = [] } = JSON.parse(text) as { items?: readonly { outcome: string }[] };
    expect(items.filter(({ outcome }) => outcome !== 'done')).toEqual([]);
  });
});
