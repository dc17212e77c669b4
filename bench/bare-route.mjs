// The HTTP ceiling: nothing but Fastify, with the path, the body schema and the answer of the service's subscribe route.
import Fastify from 'fastify';

const string = { type: 'string', minLength: 1, maxLength: 65_535 };
const body = {
  type: 'object',
  required: ['clientid', 'topic'],
  additionalProperties: false,
  properties: {
    clientid: string,
    topic: string,
    qos: { enum: [0, 1, 2], default: 0 },
    options: {
      type: 'object',
      additionalProperties: false,
      properties: {
        no_local: { type: 'boolean' },
        retain_as_published: { type: 'boolean' },
        send_retain: { enum: ['always', 'new', 'never', 'null', null] },
      },
    },
  },
};

const app = Fastify();
app.put(
  '/api/projects/:projectId/brokers/:brokerId/client-control/subscribe',
  { schema: { body } },
  (_request, reply) => {
    reply.code(204).send();
  },
);
await app.listen({ port: 0, host: '127.0.0.1' });
process.once('disconnect', () => process.exit(0));
process.send({ url: `http://127.0.0.1:${app.server.address().port}` });
