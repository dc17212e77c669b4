import fc from 'fast-check';
import { TOKENS } from '../../support/test-service.js';
import { bodyArbitrary, type JsonSchema } from './body-arbitrary.js';
import { PRESENTED } from './secrets.js';

/** The parts of an OpenAPI document that requests are made from. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

interface ApiOperation {
  readonly responses: Readonly<Record<string, unknown>>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
}

/** An operation with its method and path. */
export interface Route extends ApiOperation {
  readonly method: string;
  readonly path: string;
}

/** A request as bytes, and what is to be known of it to judge the answer. */
export interface FuzzedRequest {
  readonly method: string;
  /** Those that the document has for the operation that was meant. */
  readonly statuses: readonly string[];
  readonly head: string;
  readonly body: Buffer;
}

/** Whether an operation answers a stream that goes on until its caller goes. */
export function isEndless({ responses }: ApiOperation): boolean {
  const { content = {} } = (responses['200'] ?? {}) as {
    readonly content?: Readonly<Record<string, unknown>>;
  };
  return 'text/event-stream' in content;
}

export function routesOf(document: ApiDocument): Route[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
}

/** Mostly the first, sometimes any of the others. */
const mostly = <T>(usual: fc.Arbitrary<T>, ...unusual: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4 * unusual.length, arbitrary: usual },
    ...unusual.map((arbitrary) => ({ weight: 1, arbitrary })),
  );

const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'FROB'];
/** What a header value or a target may hold on the wire without ending it. */
const visible = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.integer({ min: 0x21, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength,
  });

const idArbitrary = (usual: string): fc.Arbitrary<string> =>
  mostly(
    fc.constant(usual),
    fc.constantFrom(
      'other',
      'nowhere',
      '..',
      '%2e%2e',
      '%00',
      '%ff',
      '%',
      'p%2Fb',
      '__proto__',
      'constructor',
      '',
    ),
    fc.string({ maxLength: 80 }).map((text) => encodeURIComponent(text.toWellFormed())),
    visible(30),
    fc.integer({ min: 60, max: 9000 }).map((length) => 'x'.repeat(length)),
  );

const authorization: fc.Arbitrary<string | undefined> = mostly<string | undefined>(
  fc.constantFrom(TOKENS.editor, TOKENS.admin).map((token) => `Bearer ${token}`),
  fc.constantFrom(TOKENS.viewer, TOKENS.nobody, TOKENS.expired).map((token) => `Bearer ${token}`),
  fc.constantFrom(
    undefined,
    '',
    'Bearer',
    'Basic cDpw',
    `bearer ${TOKENS.editor}`,
    `Bearer  ${PRESENTED}-a.b.c`,
  ),
  visible(60).map((text) => `Bearer ${PRESENTED}${text}`),
  visible(60),
);

const contentType = mostly<string | undefined>(
  fc.constant('application/json'),
  fc.constantFrom(
    undefined,
    'text/plain',
    'application/json; charset=utf-16',
    'application/jsonp',
    'APPLICATION/JSON;',
  ),
  visible(40),
);

const moreHeaders = fc.array(
  fc.oneof(
    fc.tuple(fc.stringMatching(/^X-[A-Za-z0-9-]{1,20}$/), visible(100)),
    fc.constantFrom<[string, string]>(
      ['X-Request-Id', 'mine'],
      ['Expect', '100-continue'],
      ['Expect', 'a miracle'],
      ['X-HTTP-Method-Override', 'DELETE'],
      ['Upgrade', 'websocket'],
      ['Content-Encoding', 'gzip'],
      ['Accept', 'text/html'],
      ['Host', 'again.test'],
      ['Transfer-Encoding', 'gzip'],
      ['Content-Length', '1'],
    ),
  ),
  { maxLength: 3 },
);

const query = mostly(
  fc.constant(''),
  fc.constantFrom(
    '?',
    '?clientid=c',
    '?offset=0&count=1',
    '?count=-1',
    '?offset=-5&count=x',
    '?a=b&a=c',
    '?__proto__=1',
  ),
  fc
    .record({
      name: fc.constantFrom('clientid', 'offset', 'count', 'limit', 'since', 'x'),
      value: visible(30),
    })
    .map(({ name, value }) => `?${name}=${value.replaceAll('#', '')}`),
);

/** Any request to a route: as documented, or wrong in one respect or in several. */
export function requestArbitrary(document: ApiDocument): fc.Arbitrary<FuzzedRequest> {
  const routes = routesOf(document);
  return (
    fc
      // A stream of events ends when its caller goes, not by itself.
      .constantFrom(...routes.filter((route) => !isEndless(route)))
      .chain((route) => {
        const content = route.requestBody?.content['application/json'];
        return fc.record({
          route: fc.constant(route),
          method: mostly(fc.constant(route.method), fc.constantFrom(...METHODS)),
          project: idArbitrary('p'),
          broker: idArbitrary('b'),
          suffix: mostly(fc.constant(''), fc.constantFrom('/', '/more', '//', '/%2e%2e', ';a=b', '%20')),
          query,
          authorization,
          contentType,
          moreHeaders,
          framing: mostly(fc.constant('length' as const), fc.constant('chunked' as const)),
          body: bodyArbitrary(content?.schema, document.components.schemas),
        });
      })
      .map(({ route, method, project, broker, suffix, query, framing, body, ...headers }) => {
        const path = route.path.replace('{projectId}', project).replace('{brokerId}', broker);
        const target = `${path}${suffix}${query}`;
        const lines = [
          `${method} ${target} HTTP/1.1`,
          'Host: service.test',
          ...(headers.authorization === undefined ? [] : [`Authorization: ${headers.authorization}`]),
          ...(headers.contentType === undefined ? [] : [`Content-Type: ${headers.contentType}`]),
          ...(framing === 'chunked' ? ['Transfer-Encoding: chunked'] : [`Content-Length: ${body.length}`]),
          ...headers.moreHeaders.map(([name, value]) => `${name}: ${value}`),
        ];
        const framed = framing === 'chunked' ? chunked(body) : body;
        // With another method, or more of a path, it may be another operation's.
        const isItsOwn = method === route.method && suffix === '';
        const asked = isItsOwn ? [route] : [route, ...routes.filter((each) => each.method === method)];
        const statuses = [...new Set(asked.flatMap(({ responses }) => Object.keys(responses)))];
        return { method, statuses, head: `${lines.join('\r\n')}\r\n\r\n`, body: framed };
      })
  );
}

function chunked(body: Buffer): Buffer {
  const chunk = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]);
  return Buffer.concat([...(body.length > 0 ? [chunk] : []), Buffer.from('0\r\n\r\n')]);
}
