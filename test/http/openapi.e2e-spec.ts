import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { ERROR_CODES, type ErrorCode } from '../../src/errors/error-codes.js';
import { createDocument } from '../../src/openapi/create-document.js';
import { TestService } from '../support/test-service.js';

interface Operation {
  readonly summary?: string;
  readonly operationId?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly object[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, ApiAnswer>>;
}
interface ApiAnswer {
  readonly description: string;
  readonly content?: Readonly<
    Record<
      string,
      { schema?: { $ref?: string }; examples?: Record<string, { value: { code: string; status: number } }> }
    >
  >;
}
interface Document {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const committed = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;
const operations = Object.entries(committed.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);

describe('openapi.json', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start();
  });
  afterAll(() => service.stop());

  it('is current; if not, run `npm run openapi`', () => {
    expect(JSON.parse(JSON.stringify(createDocument(service.app)))).toEqual(committed);
  });

  it('is what the service serves, without what only the demo has, as JSON and as YAML', async () => {
    const { body } = await service.get('/api/docs-json', null);
    const served = body as Document & { readonly info: { readonly description: string } };
    expect(Object.keys(served.paths)).toEqual(Object.keys(committed.paths));
    expect(served.info.description).not.toContain('demo-token');
    const path = '/api/projects/{projectId}/brokers/{brokerId}';
    expect(JSON.stringify(committed.paths[path])).toContain('"example":"embedded"');
    const parameters = (served.paths[path]?.get as { parameters?: object } | undefined)?.parameters;
    expect(JSON.stringify(parameters)).toContain('"projectId"');
    expect(JSON.stringify(parameters)).not.toContain('"example"');
    expect(parse((await service.get('/api/docs-yaml', null)).body as string)).toEqual(served);
  });

  it('names the address behind a path prefix, where that is configured', async () => {
    const proxied = await TestService.start({
      config: { http: { host: '0.0.0.0', publicUrl: 'https://ops.example.com/cc' } },
    });
    const { body } = await proxied.get('/api/docs-json', null);
    await proxied.stop();
    expect(body).toMatchObject({ servers: [{ url: 'https://ops.example.com/cc' }] });
  });

  it('passes Redocly lint', async () => {
    const env = {
      ...process.env,
      NODE_OPTIONS: '',
      REDOCLY_TELEMETRY: 'off',
      REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
    };
    const { stderr } = await promisify(execFile)('node_modules/.bin/redocly', ['lint', 'openapi.json'], {
      env,
    });
    expect(stderr).toContain('Your API description is valid');
    expect(stderr).not.toMatch(/\d+ (warning|error)/);
  });

  it('is OpenAPI 3.1', () => {
    expect(committed.openapi).toMatch(/^3\.1\./);
  });

  it('has the operations of the contract, by their stable ids', () => {
    const ids = Object.fromEntries(
      operations.map(({ name, operation }) => [operation.operationId ?? '', name]),
    );
    const control = '/api/projects/{projectId}/brokers/{brokerId}/client-control';
    expect(ids).toMatchObject({
      disconnectClient: `PUT ${control}/disconnect`,
      subscribeClient: `PUT ${control}/subscribe`,
      unsubscribeClient: `PUT ${control}/unsubscribe`,
      listProjects: 'GET /api/projects',
      listBrokers: 'GET /api/projects/{projectId}/brokers',
      getBroker: 'GET /api/projects/{projectId}/brokers/{brokerId}',
    });
    expect(Object.keys(ids)).toHaveLength(operations.length);
  });
});

describe.each(operations)('$name', ({ operation }) => {
  it('has a summary, an operation id, a tag that exists, and says whether it needs credentials', () => {
    expect(operation.summary).toMatch(/^.{10,}[^.]$/);
    expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
    expect(committed.tags.map(({ name }) => name)).toContain(operation.tags?.[0]);
    expect(operation.security).toHaveLength(1);
  });

  it('has an error schema and an example for each code of every error status', () => {
    const errors = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
    expect(errors.length).toBeGreaterThan(0);
    for (const [status, { content, description }] of errors) {
      const { schema, examples = {} } = content?.['application/json'] ?? {};
      expect(schema).toEqual({ $ref: '#/components/schemas/ErrorResponse' });
      expect(Object.keys(examples).length).toBeGreaterThan(0);
      for (const [code, { value }] of Object.entries(examples)) {
        expect(value).toMatchObject({ code, status: Number(status) });
        expect(ERROR_CODES[code as ErrorCode].status).toBe(Number(status));
        expect(description).toContain(code);
      }
    }
  });
});

describe('the client-control operations', () => {
  const control = operations.filter(({ operation }) => operation.tags?.[0] === 'Client control');

  it('are three', () => {
    expect(control).toHaveLength(3);
  });

  it.each(control)('$name documents every code of the contract that it can answer', ({ operation }) => {
    const documented = Object.values(operation.responses).flatMap(({ content }) =>
      Object.keys(content?.['application/json']?.examples ?? {}),
    );
    expect(documented).toEqual(
      expect.arrayContaining([
        'INVALID',
        'UNAUTHORIZED',
        'NOT_ALLOWED',
        'SELF_DISCONNECT',
        'PROJECT_NOT_FOUND',
        'BROKER_NOT_FOUND',
        'CLIENT_NOT_FOUND',
        'METHOD_NOT_ALLOWED',
        'PAYLOAD_TOO_LARGE',
        'UNSUPPORTED_MEDIA_TYPE',
        'TOO_MANY_REQUESTS',
        'INTERNAL_ERROR',
        'CLIENT_CONTROL_NOT_AVAILABLE',
        'NOT_SUPPORTED_BY_BROKER',
        'BROKER_ERROR',
        'BROKER_DENIED',
        'BROKER_UNAVAILABLE',
        'BROKER_BUSY',
        'SHUTTING_DOWN',
        'BROKER_TIMEOUT',
      ]),
    );
  });
});
